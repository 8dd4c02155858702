// What Python calls: C functions for float (_f32) and double (_f64). A call treats tiles `first` up to `last` of a batch;
// tiles do not meet, so any number of threads may share them out and every number is the same to the bit.
#include "backward.hpp"
#include "forward.hpp"
#include "prepared.hpp"
#include "scan.hpp"

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
    }                                                                                                       \
    EXPORT int64_t model_room_##SUFFIX(const ModelCall *call, int64_t backward) {                           \
        const Model<REAL> model = {*call};                                                                  \
        return (backward ? backward_room(model) : forward_room(model)) * LANE_BYTES;                        \
    }                                                                                                       \
    EXPORT int64_t model_kept_##SUFFIX(const ModelCall *call) {                                             \
        return Model<REAL>{*call}.kept_by_tile() * LANE_BYTES;                                              \
    }                                                                                                       \
    EXPORT int64_t model_prepared_##SUFFIX(const ModelCall *call) { return Prepared<REAL>::size(*call); }   \
    EXPORT int64_t model_part_##SUFFIX(const ModelCall *call) { return Part<REAL>::size(*call); }           \
    EXPORT void model_prepare_##SUFFIX(const ModelCall *call) { prepare<REAL>(*call); }                     \
    EXPORT void model_forward_##SUFFIX(const ModelCall *call, int64_t first, int64_t last, void *room) {    \
        for (int64_t tile = first; tile < last; tile++) forward_tile<REAL>({*call}, tile, room);            \
    }                                                                                                       \
    EXPORT void model_backward_##SUFFIX(const ModelCall *call, int64_t first, int64_t last, void *room) {   \
        for (int64_t tile = first; tile < last; tile++) backward_tile<REAL>({*call}, tile, room);           \
    }                                                                                                       \
    EXPORT void model_finish_##SUFFIX(const ModelCall *call, int64_t n_tiles) { finish<REAL>(*call, n_tiles); } \
    EXPORT int64_t scan_measured_##SUFFIX(const ScanCall *call) {                                           \
        return Scan<REAL, 0>::measured_by_tile(*call) * LANE_BYTES;                                            \
    }                                                                                                       \
    EXPORT int64_t scan_room_##SUFFIX(const ScanCall *call) { return Scan<REAL, 0>::room_size(*call) * LANE_BYTES; } \
    EXPORT void scan_measure_##SUFFIX(const ScanCall *call, int64_t first, int64_t last, void *room) {      \
        typedef REAL Real;                                                                                  \
        WITH_CONSTANT_WIDTH(call->width / call->n_heads, measure, *call, first, last, room)                 \
    }                                                                                                       \
    EXPORT void scan_effects_##SUFFIX(const ScanCall *call, int64_t first, int64_t last, void *room) {      \
        typedef REAL Real;                                                                                  \
        WITH_CONSTANT_WIDTH(call->width / call->n_heads, scan, *call, first, last, room)                    \
    }

EXPORT_FOR(float, f32)
EXPORT_FOR(double, f64)
