// What Python calls: C functions for float (_f32) and double (_f64). A call treats tiles `first` up to `last` of a batch;
// tiles do not meet, so any number of threads may share them out and every number is the same to the bit.
#include "attention.hpp"

#define EXPORT extern "C" __attribute__((visibility("default")))
#define EXPORT_FOR(REAL, SUFFIX)                                                                            \
    EXPORT int64_t lanes_##SUFFIX() { return Lanes<REAL>::count; }                                          \
    EXPORT int64_t attention_room_##SUFFIX(const AttentionCall *call, int64_t backward) {                   \
        return attention_room<REAL>(*call, backward != 0) * LANE_BYTES;                                     \
    }                                                                                                       \
    EXPORT void attention_forward_##SUFFIX(const AttentionCall *call, int64_t first, int64_t last, void *room) {  \
        attention_forward<REAL>(*call, first, last, room);                                                  \
    }                                                                                                       \
    EXPORT void attention_backward_##SUFFIX(const AttentionCall *call, int64_t first, int64_t last, void *room) { \
        attention_backward<REAL>(*call, first, last, room);                                                 \
    }

EXPORT_FOR(float, f32)
EXPORT_FOR(double, f64)
