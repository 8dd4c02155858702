// Attention of one head over the edges of a pattern, for a tile of samples.
#pragma once
#include "lanes.hpp"

// What one head may read: compressed rows (by query), and the same by key. Entries are numbered from 0 in the order of
// rows and columns; every row has its diagonal entry.
struct Edges {
    const int32_t *row_start;  // (N + 1)
    const int32_t *cols;       // (E) token that is read
    const int32_t *key_start;  // (N + 1)
    const int32_t *readers;    // (E) token that reads, ordered by key
    const int32_t *entry;      // (E) number of the entry, ordered by key
    int64_t n_entries;
};

// Dropout of attention weights: a weight is kept by the hash of (seed, head, entry, sample), so nothing is stored.
struct Dropout {
    double probability;
    uint64_t seed;
};

INLINE uint64_t mixed(uint64_t x) {  // splitmix64
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}
INLINE Uint32Lanes mixed(Uint32Lanes x) {  // murmur3's finaliser
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    return x ^ (x >> 16);
}
INLINE Uint64Lanes mixed(Uint64Lanes x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

template <class Real> struct Kept {
    typedef typename Lanes<Real>::Vector Vector;
    typedef typename Lanes<Real>::Bits Bits;
    typedef typename Lanes<Real>::Bit Bit;
    Real factor;
    Bit threshold;
    uint64_t seed;
    Bits of_sample;

    Kept(const Dropout &dropout, int64_t head, int64_t first_sample) {
        factor = Real(1 / (1 - dropout.probability));
        if (dropout.probability == 0) {
            threshold = 0;
            return;
        }
        threshold = Bit(dropout.probability * (sizeof(Bit) == 4 ? 0x1p32 : 0x1p64));
        seed = mixed(dropout.seed + uint64_t(head + 1));
        for (int i = 0; i < Lanes<Real>::count; i++) of_sample[i] = mixed(seed + uint64_t(first_sample + i + 1));
    }
    bool all() const { return threshold == 0; }
    // Factor on the weights of an entry: 0 or 1 / (1 - probability).
    Vector operator()(int64_t entry) const {
        const Bits drawn = mixed(of_sample ^ (Bits{} + Bit(mixed(seed ^ uint64_t(entry + 1)))));
        return drawn >= threshold ? Vector{} + factor : Vector{};
    }
};

// values[e - first] = a . x[index[e]] for entries first up to last; x in rows of `stride` vectors.
template <class Real, int WIDTH>
INLINE void dot_products(int64_t first, int64_t last, const int32_t *index, const typename Lanes<Real>::Vector *a,
                         const typename Lanes<Real>::Vector *x, int64_t stride, int any_width,
                         typename Lanes<Real>::Vector *values) {
    typedef typename Lanes<Real>::Vector Vector;
    const int width = WIDTH ? WIDTH : any_width;
    for (int64_t e = first; e < last; e++) {
        const Vector *row = x + index[e] * stride;
        Vector sums[4] = {};
        int d = 0;
        UNROLL for (; d + 4 <= width; d += 4) {
            UNROLL for (int i = 0; i < 4; i++) sums[i] += a[d + i] * row[d + i];
        }
        for (; d < width; d++) sums[0] += a[d] * row[d];
        values[e - first] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
}

// out[d] = factor * sum over entries of coefficient(e) * x[index[e]][d], for BLOCK features from d0 on.
template <class Real, int BLOCK, class Coefficient>
INLINE void mix_block(int64_t first, int64_t last, const int32_t *index, Coefficient coefficient,
                      const typename Lanes<Real>::Vector *x, int64_t stride, Real factor,
                      typename Lanes<Real>::Vector *out) {
    typedef typename Lanes<Real>::Vector Vector;
    Vector sums[BLOCK] = {};
    for (int64_t e = first; e < last; e++) {
        const Vector *row = x + index[e] * stride;
        Vector c = coefficient(e);
        UNROLL for (int d = 0; d < BLOCK; d++) sums[d] += c * row[d];
    }
    UNROLL for (int d = 0; d < BLOCK; d++) out[d] = sums[d] * factor;
}

// As many sums as registers hold at once.
constexpr int MIX_BLOCK = LANE_BYTES == 64 ? 16 : 8;

template <class Real, int WIDTH, class Coefficient>
INLINE void mix(int64_t first, int64_t last, const int32_t *index, Coefficient coefficient,
                const typename Lanes<Real>::Vector *x, int64_t stride, int any_width, Real factor,
                typename Lanes<Real>::Vector *out) {
    const int width = WIDTH ? WIDTH : any_width;
    int d = 0;
    for (; d + MIX_BLOCK <= width; d += MIX_BLOCK)
        mix_block<Real, MIX_BLOCK>(first, last, index, coefficient, x + d, stride, factor, out + d);
    for (; d + 4 <= width; d += 4) mix_block<Real, 4>(first, last, index, coefficient, x + d, stride, factor, out + d);
    for (; d < width; d++) mix_block<Real, 1>(first, last, index, coefficient, x + d, stride, factor, out + d);
}

// One head's part of states in rows of `stride` vectors: the head's features begin at the pointers.
template <class Real> struct HeadStates {
    typedef typename Lanes<Real>::Vector Vector;
    const Vector *query, *key, *value;
    int64_t stride;
    const Real *bias;  // (E), added to logits, or null
    int width;
    Real scale;  // of logits
    bool own_value;
};

// Attend from one token. `weights` gets the row's attention weights, before dropout and with the token's own.
template <class Real, int WIDTH>
INLINE void attend_row(const Edges &edges, const HeadStates<Real> &head, const Kept<Real> &kept, int64_t token,
                       typename Lanes<Real>::Vector *weights, typename Lanes<Real>::Vector *out) {
    typedef typename Lanes<Real>::Vector Vector;
    const int64_t first = edges.row_start[token], last = edges.row_start[token + 1];
    dot_products<Real, WIDTH>(first, last, edges.cols, head.query + token * head.stride, head.key, head.stride,
                              head.width, weights);
    Vector most = Vector{};
    for (int64_t e = first; e < last; e++) {
        Vector logit = weights[e - first] * head.scale;
        if (head.bias) logit += head.bias[e];
        weights[e - first] = logit;
        most = e == first ? logit : largest(most, logit);
    }
    Vector sum = Vector{};
    for (int64_t e = first; e < last; e++) sum += weights[e - first] = exp_of_negative(weights[e - first] - most);
    const Vector share = Real(1) / sum;
    for (int64_t e = first; e < last; e++) weights[e - first] *= share;
    if (kept.all() && head.own_value) {
        mix<Real, WIDTH>(first, last, edges.cols, [=](int64_t e) { return weights[e - first]; }, head.value,
                         head.stride, head.width, Real(1), out);
    } else if (kept.all()) {
        mix<Real, WIDTH>(first, last, edges.cols,
                         [=](int64_t e) { return edges.cols[e] == token ? Vector{} : weights[e - first]; },
                         head.value, head.stride, head.width, Real(1), out);
    } else {
        const bool own_value = head.own_value;
        mix<Real, WIDTH>(first, last, edges.cols,
                         [=, &kept](int64_t e) {
                             if (!own_value && edges.cols[e] == token) return Vector{};
                             return weights[e - first] * kept(e);
                         },
                         head.value, head.stride, head.width, Real(1), out);
    }
}

// Gradients of a row's logits, into `slopes`, and of its query.
template <class Real, int WIDTH>
INLINE void row_gradients(const Edges &edges, const HeadStates<Real> &head, const Kept<Real> &kept, int64_t token,
                          const typename Lanes<Real>::Vector *weights,
                          const typename Lanes<Real>::Vector *out_gradient, typename Lanes<Real>::Vector *slopes,
                          typename Lanes<Real>::Vector *query_gradient) {
    typedef typename Lanes<Real>::Vector Vector;
    const int64_t first = edges.row_start[token], last = edges.row_start[token + 1];
    dot_products<Real, WIDTH>(first, last, edges.cols, out_gradient, head.value, head.stride, head.width, slopes);
    Vector mean = Vector{};
    for (int64_t e = first; e < last; e++) {
        Vector slope = slopes[e - first];
        if (!head.own_value && edges.cols[e] == token) slope = Vector{};
        if (!kept.all()) slope *= kept(e);
        slopes[e - first] = slope;
        mean += weights[e - first] * slope;
    }
    for (int64_t e = first; e < last; e++) slopes[e - first] = weights[e - first] * (slopes[e - first] - mean);
    mix<Real, WIDTH>(first, last, edges.cols, [=](int64_t e) { return slopes[e - first]; }, head.key, head.stride,
                     head.width, head.scale, query_gradient);
}

// Gradients of a token's key and value, gathered from those that read it. `weights` and `slopes` are by entry.
template <class Real, int WIDTH>
INLINE void key_gradients(const Edges &edges, const HeadStates<Real> &head, const Kept<Real> &kept, int64_t token,
                          const typename Lanes<Real>::Vector *weights, const typename Lanes<Real>::Vector *slopes,
                          const typename Lanes<Real>::Vector *out_gradient, int64_t out_stride,
                          typename Lanes<Real>::Vector *key_gradient, typename Lanes<Real>::Vector *value_gradient) {
    typedef typename Lanes<Real>::Vector Vector;
    const int64_t first = edges.key_start[token], last = edges.key_start[token + 1];
    mix<Real, WIDTH>(first, last, edges.readers, [=](int64_t e) { return slopes[edges.entry[e]]; }, head.query,
                     head.stride, head.width, head.scale, key_gradient);
    const bool own_value = head.own_value;
    mix<Real, WIDTH>(first, last, edges.readers,
                     [=, &kept](int64_t e) {
                         if (!own_value && edges.readers[e] == token) return Vector{};
                         const int64_t entry = edges.entry[e];
                         return kept.all() ? weights[entry] : weights[entry] * kept(entry);
                     },
                     out_gradient, out_stride, head.width, Real(1), value_gradient);
}
