// Knockouts: what interventions change in the linear predictor, from the tokens that they touch alone.
//
// Names are those of hypomask.knockout: `measure` is measured_pass, `scan` carries out a ScanPlan item by item, so that
// all that is changed by one intervention stays in the processor's caches. The measured pass keeps, for every tile of
// samples, what a token adds and heard, so that most touched tokens are a sum of which some terms are taken off and
// others put on.
#pragma once
#include <algorithm>

#include "attention.hpp"
#include "products.hpp"

// Pairs of touched tokens; see ScanPlan.
struct ScanPairs {
    const int64_t *start;        // (rows + 1)
    const int64_t *old, *col, *state, *edit;
    const uint8_t *cut;
};

struct ScanRows {
    const int64_t *start;  // (items + 1) rows of each item
    const int64_t *token, *state;
    ScanPairs pairs;
    int64_t n_rows;
};

struct ScanLayer {
    const int64_t *start, *cols;  // (N + 1), (E): pairs by reader, the diagonal among them
    const void *bias;             // (E, H), -inf where a head may not read
    const void *query, *key, *value, *gate_own, *heard_gate, *heard_state, *state_gated;  // (W, W), y = M x
    const void *readout;          // (N, W, K)
    int64_t n_pairs;
    ScanRows own, altered;
    const void *edit_bias;  // (edits, H)
};

struct ScanCall {
    int64_t n_samples, n_tokens, n_genes, n_channels, width, n_heads, n_layers, n_outputs;
    const ScanLayer *layers;
    const void *embedding, *measurement;  // (N, W), (G, C, W)
    const void *x;                        // (G, C, B)
    void *measured;                       // (tiles, measured vectors)
    int64_t n_items;
    const int64_t *value_start, *value_gene;  // (items + 1), (V)
    const void *new_x;                        // (V, C, B)
    void *effect;                             // (items, K, B)
    int64_t most_rows, most_pairs;            // of an item in a layer; of a row

    int64_t states() const { return n_tokens * width; }
};

// What the measured pass keeps of one layer.
template <class Vector> struct Measured {
    Vector *h, *key, *value, *query, *own;  // (N, W)
    Vector *heard;                          // (N, W) weighted sums of values, before division by the total
    Vector *largest, *total;                // (N, H)
    Vector *added;                          // (N, K)
    Vector *weight;                         // (E, H) exp(logit - largest)
};

#define INLINE_MEMBER inline __attribute__((always_inline))

// A sum over a token's neighbours goes on being used while at least this share of its weights is left: below, the
// difference of two nearly equal numbers has lost digits, and the token is computed from all its pairs.
constexpr double LEFT_OF_A_SUM = 0.1;

// HEAD_WIDTH: a constant where it is a common one, else 0.
template <class Real, int HEAD_WIDTH> struct Scan {
    typedef typename Lanes<Real>::Vector Vector;

    // What a pair reads.
    struct Read {
        const Vector *key, *value;
        const Real *bias;
        bool is_own;
    };

    const ScanCall &call;
    const Tile<Real> tile;
    const int64_t number, width, heads, n_outputs;
    const int any_width;
    Vector *const room;

    Scan(const ScanCall &all, int64_t tile_number, void *memory)
        : call(all), tile(tile_number, all.n_samples), number(tile_number), width(all.width), heads(all.n_heads),
          n_outputs(all.n_outputs), any_width(int(all.width / all.n_heads)), room(static_cast<Vector *>(memory)) {}
    INLINE_MEMBER int head_width() const { return HEAD_WIDTH ? HEAD_WIDTH : any_width; }

    static int64_t measured_by_layer(const ScanCall &call, int64_t l) {
        return 6 * call.states() + call.n_tokens * (2 * call.n_heads + call.n_outputs) +
               call.layers[l].n_pairs * call.n_heads;
    }
    static int64_t measured_by_tile(const ScanCall &call) {
        int64_t total = 0;
        for (int64_t l = 0; l < call.n_layers; l++) total += measured_by_layer(call, l);
        return total;
    }
    // Room: a block of rows (state, own side of the gate, what was heard, gated message, query; what rows add); changed
    // states, their keys and values, and the next states; the effect; three numbers by head; logits and pairs of a row.
    static int64_t block_size(const ScanCall &call) { return BLOCK_OF_TOKENS * (5 * call.width + call.n_outputs); }
    static int64_t room_size(const ScanCall &call) {
        const int64_t reads = (call.most_pairs * int64_t(sizeof(Read)) + LANE_BYTES - 1) / LANE_BYTES;
        return block_size(call) + 4 * call.most_rows * call.width + call.n_outputs +
               (3 + call.most_pairs) * call.n_heads + reads;
    }
    Vector *room_of_states() const { return room + block_size(call); }
    Vector *room_of_effect() const { return room_of_states() + 4 * call.most_rows * width; }
    Vector *room_of_totals() const { return room_of_effect() + n_outputs; }
    Vector *room_of_pairs() const { return room_of_totals() + 3 * heads; }
    Read *room_of_reads() const { return reinterpret_cast<Read *>(room_of_pairs() + call.most_pairs * heads); }

    Measured<Vector> measured(int64_t l) const {
        Vector *at = static_cast<Vector *>(call.measured) + number * measured_by_tile(call);
        for (int64_t before = 0; before < l; before++) at += measured_by_layer(call, before);
        const int64_t states = call.states(), by_head = call.n_tokens * heads;
        Vector *rest = at + 6 * states;
        return {at,        at + states,     at + 2 * states,
                at + 3 * states, at + 4 * states, at + 5 * states,
                rest,      rest + by_head,  rest + 2 * by_head,
                rest + 2 * by_head + call.n_tokens * n_outputs};
    }

    static const Real *numbers(const void *pointer) { return static_cast<const Real *>(pointer); }
    // Matrices are multiplied from the left here.
    Matrix<Real> matrix(const void *first) const { return {numbers(first), width, width, 1, width}; }
    Vector read(const void *first, int64_t at) const {
        Vector vector = Vector{};
        std::memcpy(&vector, numbers(first) + at * call.n_samples + tile.first_sample, tile.n_samples * sizeof(Real));
        return vector;
    }

    // The first state of a gene (or of a group, which has no measurements) with measurements `x`, rows of B numbers.
    void first_state(int64_t token, const void *x, int64_t row, Vector *state) const {
        const Real *embedding = numbers(call.embedding) + token * width;
        for (int64_t d = 0; d < width; d++) state[d] = Vector{} + embedding[d];
        for (int64_t c = 0; token < call.n_genes && c < call.n_channels; c++) {
            const Real *direction = numbers(call.measurement) + (token * call.n_channels + c) * width;
            const Vector value = read(x, row * call.n_channels + c);
            for (int64_t d = 0; d < width; d++) state[d] += value * direction[d];
        }
    }

    INLINE_MEMBER Vector logit(int64_t h, const Vector *query, const Vector *key) const {
        Vector sums[2] = {};
        const Vector *q = query + h * head_width(), *k = key + h * head_width();
        int d = 0;
        UNROLL for (; d + 2 <= head_width(); d += 2) {
            sums[0] += q[d] * k[d];
            sums[1] += q[d + 1] * k[d + 1];
        }
        if (d < head_width()) sums[0] += q[d] * k[d];
        return sums[0] + sums[1];
    }
    INLINE_MEMBER void add_value(int64_t h, Vector weight, const Vector *value, Vector *heard) const {
        const int64_t at = h * head_width();
        UNROLL for (int d = 0; d < head_width(); d++) heard[at + d] += weight * value[at + d];
    }

    // Weights and weighted sum of the pairs of one token: `pair(i, key, value, bias, own)` says what pair i reads.
    template <class Pair>
    void attend(int64_t n_pairs, const Vector *query, Pair pair, Vector *weight, Vector *largest_H, Vector *total,
                Vector *heard) const {
        for (int64_t i = 0; i < n_pairs; i++) {
            const auto read = pair(i);
            for (int64_t h = 0; h < heads; h++) {
                const Vector found = logit(h, query, read.key) + read.bias[h];
                weight[i * heads + h] = found;
                largest_H[h] = i == 0 ? found : largest(largest_H[h], found);
            }
        }
        for (int64_t h = 0; h < heads; h++) {
            Vector sum = Vector{}, sums[HEAD_WIDTH ? HEAD_WIDTH : 1] = {};
            Vector *place = heard + h * head_width();
            if (!HEAD_WIDTH) std::fill(place, place + head_width(), Vector{});
            for (int64_t i = 0; i < n_pairs; i++) {
                const auto read = pair(i);
                const Vector used = exp_of_negative(weight[i * heads + h] - largest_H[h]);
                weight[i * heads + h] = used;
                sum += used;
                if (read.is_own) continue;
                const Vector *value = read.value + h * head_width();
                if (HEAD_WIDTH) {
                    UNROLL for (int d = 0; d < HEAD_WIDTH; d++) sums[d] += used * value[d];
                } else {
                    for (int d = 0; d < head_width(); d++) place[d] += used * value[d];
                }
            }
            total[h] = sum;
            UNROLL for (int d = 0; d < HEAD_WIDTH; d++) place[d] = sums[d];
        }
    }
    // From what `n` rows heard (divided by the totals already) to what they add, (n, K), and their gated messages.
    void gate(const ScanLayer &layer, const int64_t *tokens, const Vector *own, const Vector *heard, int64_t n,
              Vector *gated, Vector *added) const {
        product<Real>(matrix(layer.heard_gate), Rows<const Vector>{heard, width}, Rows<Vector>{gated, width}, n, false);
        for (int64_t i = 0; i < n * width; i++) gated[i] *= own[i];
        for (int64_t r = 0; r < n; r++) {
            const Real *readout = numbers(layer.readout) + tokens[r] * width * n_outputs;
            for (int64_t k = 0; k < n_outputs; k++) {
                Vector sum = Vector{};
                for (int64_t d = 0; d < width; d++) sum += gated[r * width + d] * readout[d * n_outputs + k];
                added[r * n_outputs + k] = sum;
            }
        }
    }
    // next += what the message leaves in the states of `n` rows.
    void leave(const ScanLayer &layer, const Vector *heard, const Vector *gated, int64_t n, Vector *next) const {
        product<Real>(matrix(layer.heard_state), Rows<const Vector>{heard, width}, Rows<Vector>{next, width}, n, true);
        product<Real>(matrix(layer.state_gated), Rows<const Vector>{gated, width}, Rows<Vector>{next, width}, n, true);
    }
    void divide(const Vector *total, Vector *heard) const {
        for (int64_t h = 0; h < heads; h++) {
            const Vector share = Real(1) / total[h];
            const int64_t at = h * head_width();
            UNROLL for (int d = 0; d < head_width(); d++) heard[at + d] *= share;
        }
    }

    void measure() const {
        const int64_t n_tokens = call.n_tokens;
        Vector *share = room, *gated = share + BLOCK_OF_TOKENS * width;
        for (int64_t token = 0; token < n_tokens; token++)
            first_state(token, call.x, token, measured(0).h + token * width);
        int64_t tokens[BLOCK_OF_TOKENS];
        for (int64_t l = 0; l < call.n_layers; l++) {
            const ScanLayer &layer = call.layers[l];
            const Measured<Vector> kept = measured(l);
            const Rows<const Vector> h = {kept.h, width};
            product<Real>(matrix(layer.query), h, Rows<Vector>{kept.query, width}, n_tokens, false);
            product<Real>(matrix(layer.key), h, Rows<Vector>{kept.key, width}, n_tokens, false);
            product<Real>(matrix(layer.value), h, Rows<Vector>{kept.value, width}, n_tokens, false);
            product<Real>(matrix(layer.gate_own), h, Rows<Vector>{kept.own, width}, n_tokens, false);
            for (int64_t first = 0; first < n_tokens; first += BLOCK_OF_TOKENS) {
                const int64_t n = std::min(BLOCK_OF_TOKENS, n_tokens - first);
                for (int64_t r = 0; r < n; r++) {
                    const int64_t token = tokens[r] = first + r, pair = layer.start[token];
                    Vector *heard = kept.heard + token * width;
                    const Real *bias = numbers(layer.bias) + pair * heads;
                    attend(layer.start[token + 1] - pair, kept.query + token * width,
                           [&](int64_t i) {
                               const int64_t col = layer.cols[pair + i];
                               return Read{kept.key + col * width, kept.value + col * width, bias + i * heads,
                                           col == token};
                           },
                           kept.weight + pair * heads, kept.largest + token * heads, kept.total + token * heads, heard);
                    std::copy(heard, heard + width, share + r * width);
                    divide(kept.total + token * heads, share + r * width);
                }
                gate(layer, tokens, kept.own + first * width, share, n, gated, kept.added + first * n_outputs);
                if (l + 1 == call.n_layers) continue;
                Vector *next = measured(l + 1).h + first * width;
                std::copy(kept.h + first * width, kept.h + (first + n) * width, next);
                leave(layer, share, gated, n, next);
            }
        }
    }

    // Changed states of one item, as a layer of the plan numbers them: those of own rows, then those of altered ones.
    struct Changed {
        Vector *state, *key, *value;
        int64_t own_first, n_own, altered_first, all_own;

        int64_t at(int64_t number) const {
            return number < all_own ? number - own_first : number - all_own - altered_first + n_own;
        }
    };

    Read pair(const ScanLayer &layer, const Measured<Vector> &kept, const Changed &changed, const ScanPairs &pairs,
              int64_t i, int64_t token) const {
        const int64_t col = pairs.col[i], state = pairs.state[i], edit = pairs.edit[i];
        const Real *bias = edit >= 0 ? numbers(layer.edit_bias) + edit * heads : numbers(layer.bias) + pairs.old[i] * heads;
        if (state < 0) return {kept.key + col * width, kept.value + col * width, bias, col == token};
        const int64_t at = changed.at(state) * width;
        return {changed.key + at, changed.value + at, bias, col == token};
    }

    // What an altered token heard, from the measured sums; false where too little of them is left.
    bool alter(const ScanLayer &layer, const Measured<Vector> &kept, const Changed &changed, const ScanPairs &pairs,
               int64_t first, int64_t last, int64_t token, Vector *heard) const {
        Vector *total = room_of_totals(), *top = total + heads, *before_total = top + heads;
        const Vector *query = kept.query + token * width;
        std::copy(kept.heard + token * width, kept.heard + (token + 1) * width, heard);
        for (int64_t h = 0; h < heads; h++) {
            before_total[h] = total[h] = kept.total[token * heads + h];
            top[h] = kept.largest[token * heads + h];
        }
        bool any_new = false;
        Vector *logits = room_of_pairs();
        for (int64_t i = first; i < last; i++) {
            if (pairs.old[i] >= 0) {
                for (int64_t h = 0; h < heads; h++) {
                    const Vector weight = kept.weight[pairs.old[i] * heads + h];
                    total[h] -= weight;
                    add_value(h, -weight, kept.value + pairs.col[i] * width, heard);
                }
            }
            if (pairs.cut[i]) continue;
            any_new = true;
            const Read read = pair(layer, kept, changed, pairs, i, token);
            for (int64_t h = 0; h < heads; h++) {
                const Vector found = logit(h, query, read.key) + read.bias[h];
                logits[(i - first) * heads + h] = found;
                top[h] = largest(top[h], found);
            }
        }
        if (any_new) {
            for (int64_t h = 0; h < heads; h++) {
                const Vector rescale = exp_of_negative(kept.largest[token * heads + h] - top[h]);
                before_total[h] *= rescale;
                total[h] *= rescale;
                const int64_t at = h * head_width();
                UNROLL for (int d = 0; d < head_width(); d++) heard[at + d] *= rescale;
            }
            for (int64_t i = first; i < last; i++) {
                if (pairs.cut[i]) continue;
                const Read read = pair(layer, kept, changed, pairs, i, token);
                for (int64_t h = 0; h < heads; h++) {
                    const Vector weight = exp_of_negative(logits[(i - first) * heads + h] - top[h]);
                    total[h] += weight;
                    add_value(h, weight, read.value, heard);
                }
            }
        }
        typename Lanes<Real>::Integers lost = {};
        for (int64_t h = 0; h < heads; h++) lost |= total[h] < before_total[h] * Real(LEFT_OF_A_SUM);
        bool any_lost = false;
        UNROLL for (int lane = 0; lane < Lanes<Real>::count; lane++) any_lost |= lost[lane] != 0;
        divide(total, heard);
        return !any_lost;
    }
    // The same from all pairs of the token, altered or not.
    void recompute(const ScanLayer &layer, const Measured<Vector> &kept, const Changed &changed, const ScanPairs &pairs,
                   int64_t first, int64_t last, int64_t token, Vector *heard) const {
        Read *reads = room_of_reads();
        int64_t n = 0, next = first;
        while (next < last && pairs.old[next] < 0) next++;
        for (int64_t e = layer.start[token]; e < layer.start[token + 1]; e++) {
            if (next < last && pairs.old[next] == e) {
                if (!pairs.cut[next]) reads[n++] = pair(layer, kept, changed, pairs, next, token);
                do next++;
                while (next < last && pairs.old[next] < 0);
            } else {
                const int64_t col = layer.cols[e];
                reads[n++] = {kept.key + col * width, kept.value + col * width, numbers(layer.bias) + e * heads,
                              col == token};
            }
        }
        for (int64_t i = first; i < last; i++)
            if (pairs.old[i] < 0 && !pairs.cut[i]) reads[n++] = pair(layer, kept, changed, pairs, i, token);
        Vector *total = room_of_totals(), *top = total + heads;
        attend(n, kept.query + token * width, [&](int64_t i) { return reads[i]; }, room_of_pairs(), top, total, heard);
        divide(total, heard);
    }

    void item(int64_t number) const {
        Vector *state = room_of_states(), *key = state + call.most_rows * width, *value = key + call.most_rows * width;
        Vector *next = value + call.most_rows * width, *effect = room_of_effect();
        std::fill(effect, effect + n_outputs, Vector{});
        int64_t n_changed = call.value_start[number + 1] - call.value_start[number];
        for (int64_t v = 0; v < n_changed; v++) {
            const int64_t at = call.value_start[number] + v;
            first_state(call.value_gene[at], call.new_x, at, state + v * width);
        }
        Changed changed = {state, key, value, call.value_start[number], n_changed, 0, call.value_start[call.n_items]};
        for (int64_t l = 0; l < call.n_layers; l++) {
            const ScanLayer &layer = call.layers[l];
            const Rows<const Vector> states = {changed.state, width};
            product<Real>(matrix(layer.key), states, Rows<Vector>{key, width}, n_changed, false);
            product<Real>(matrix(layer.value), states, Rows<Vector>{value, width}, n_changed, false);
            const bool last_layer = l + 1 == call.n_layers;
            Vector *own_next = last_layer ? nullptr : next;
            const int64_t n_own = touch(l, layer, layer.own, true, number, changed, own_next, effect);
            Vector *altered_next = last_layer ? nullptr : next + n_own * width;
            n_changed = n_own + touch(l, layer, layer.altered, false, number, changed, altered_next, effect);
            std::swap(next, changed.state);
            changed = {changed.state, key, value, layer.own.start[number], n_own, layer.altered.start[number],
                       layer.own.n_rows};
        }
        Real *place = static_cast<Real *>(call.effect) + number * n_outputs * call.n_samples + tile.first_sample;
        for (int64_t k = 0; k < n_outputs; k++)
            std::memcpy(place + k * call.n_samples, &effect[k], tile.n_samples * sizeof(Real));
    }

    // Ask for what altered tokens heard, before it is needed: tokens are far apart in memory.
    void fetch(const Measured<Vector> &kept, const int64_t *tokens, int64_t n) const {
        for (int64_t r = 0; r < n; r++)
            for (int64_t d = 0; d < width; d++) __builtin_prefetch(kept.heard + tokens[r] * width + d);
    }

    // Compute one item's rows of a layer, a block at a time; return how many there are.
    int64_t touch(int64_t l, const ScanLayer &layer, const ScanRows &rows, bool own, int64_t number,
                  const Changed &changed, Vector *next, Vector *effect) const {
        const Measured<Vector> kept = measured(l);
        const int64_t all = rows.start[number + 1], size = BLOCK_OF_TOKENS * width;
        Vector *state = room, *own_side = state + size, *heard = own_side + size, *gated = heard + size;
        Vector *query = gated + size, *added = query + size;
        for (int64_t first = rows.start[number]; first < all; first += BLOCK_OF_TOKENS) {
            const int64_t n = std::min(BLOCK_OF_TOKENS, all - first);
            if (!own) fetch(kept, rows.token + first, n);
            for (int64_t r = 0; r < n; r++) {
                const int64_t token = rows.token[first + r];
                const Vector *before = own ? changed.state + changed.at(rows.state[first + r]) * width
                                           : kept.h + token * width;
                if (own || next) std::copy(before, before + width, state + r * width);
                if (!own) std::copy(kept.own + token * width, kept.own + (token + 1) * width, own_side + r * width);
            }
            if (own) {
                const Rows<const Vector> states = {state, width};
                product<Real>(matrix(layer.gate_own), states, Rows<Vector>{own_side, width}, n, false);
                product<Real>(matrix(layer.query), states, Rows<Vector>{query, width}, n, false);
            }
            for (int64_t r = 0; r < n; r++) {
                const int64_t row = first + r, token = rows.token[row];
                const int64_t from = rows.pairs.start[row], to = rows.pairs.start[row + 1];
                if (!own) {
                    if (!alter(layer, kept, changed, rows.pairs, from, to, token, heard + r * width))
                        recompute(layer, kept, changed, rows.pairs, from, to, token, heard + r * width);
                    continue;
                }
                Vector *total = room_of_totals(), *top = total + heads;
                attend(to - from, query + r * width,
                       [&](int64_t i) { return pair(layer, kept, changed, rows.pairs, from + i, token); },
                       room_of_pairs(), top, total, heard + r * width);
                divide(total, heard + r * width);
            }
            gate(layer, rows.token + first, own_side, heard, n, gated, added);
            for (int64_t r = 0; r < n; r++)
                for (int64_t k = 0; k < n_outputs; k++)
                    effect[k] += added[r * n_outputs + k] - kept.added[rows.token[first + r] * n_outputs + k];
            if (!next) continue;
            std::copy(state, state + n * width, next);
            leave(layer, heard, gated, n, next);
            next += n * width;
        }
        return all - rows.start[number];
    }
};

template <class Real, int HEAD_WIDTH>
static void measure(const ScanCall &call, int64_t first, int64_t last, void *room) {
    for (int64_t tile = first; tile < last; tile++) Scan<Real, HEAD_WIDTH>(call, tile, room).measure();
}

template <class Real, int HEAD_WIDTH>
static void scan(const ScanCall &call, int64_t first, int64_t last, void *room) {
    for (int64_t tile = first; tile < last; tile++) {
        const Scan<Real, HEAD_WIDTH> of_tile(call, tile, room);
        for (int64_t item = 0; item < call.n_items; item++) of_tile.item(item);
    }
}
