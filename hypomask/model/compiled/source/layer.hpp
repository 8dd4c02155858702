// Attention of all heads of a layer for a tile of samples, on states that lie in lanes.
#pragma once
#include <cmath>

#include "edges.hpp"

struct Layer {
    const Edges *heads;  // (H)
    int64_t n_tokens, n_heads, width;  // width: of all heads together
    int64_t own_value;  // whether a token's own value is part of what it gets
    const void *bias;   // (entries of all heads, one after the other), added to logits, or null
    Dropout dropout;

    int64_t n_entries() const {
        int64_t total = 0;
        for (int64_t h = 0; h < n_heads; h++) total += heads[h].n_entries;
        return total;
    }
    int64_t most_entries() const {
        int64_t most = 0;
        for (int64_t h = 0; h < n_heads; h++) most = heads[h].n_entries > most ? heads[h].n_entries : most;
        return most;
    }
};

// Queries, keys and values of all tokens, each token's in a row of `stride` vectors.
template <class Real> struct States {
    const typename Lanes<Real>::Vector *query, *key, *value;
    int64_t stride;

    // Head h, the entries of which come after `entries_before` of other heads.
    HeadStates<Real> head(const Layer &layer, int64_t h, int64_t entries_before) const {
        const int64_t width = layer.width / layer.n_heads, at = h * width;
        const Real *bias = static_cast<const Real *>(layer.bias);
        return {query + at, key + at, value + at, stride, bias ? bias + entries_before : nullptr, int(width),
                Real(1 / std::sqrt(double(width))), layer.own_value != 0};
    }
};

// Call `function<WIDTH>(...)` with the head width as a constant where it is a common one.
#define WITH_CONSTANT_WIDTH(width, function, ...)          \
    switch (width) {                                       \
        case 4: function<Real, 4>(__VA_ARGS__); break;     \
        case 8: function<Real, 8>(__VA_ARGS__); break;     \
        case 16: function<Real, 16>(__VA_ARGS__); break;   \
        default: function<Real, 0>(__VA_ARGS__);           \
    }

template <class Real, int WIDTH>
static void attend_head(const Edges &edges, const HeadStates<Real> &head, const Kept<Real> &kept, int64_t first,
                        int64_t last, typename Lanes<Real>::Vector *weights, bool keep_weights,
                        typename Lanes<Real>::Vector *out, int64_t out_stride) {
    for (int64_t token = first; token < last; token++)
        attend_row<Real, WIDTH>(edges, head, kept, token, weights + (keep_weights ? edges.row_start[token] : 0),
                                out + (token - first) * out_stride);
}

// Tokens attended from at once: what they get stays in the first-level cache until it is used.
constexpr int64_t BLOCK_OF_TOKENS = 32;

// Attend from tokens `first` up to `last`; `out` has a row for each of them. `weights` gets the attention weights of all
// heads, one after the other, or is room for the weights of one row.
template <class Real>
static void attend_tokens(const Layer &layer, const States<Real> &states, int64_t first_sample, int64_t first,
                          int64_t last, typename Lanes<Real>::Vector *weights, bool keep_weights,
                          typename Lanes<Real>::Vector *out, int64_t out_stride) {
    int64_t entries = 0;
    for (int64_t h = 0; h < layer.n_heads; h++) {
        const Edges &edges = layer.heads[h];
        const HeadStates<Real> head = states.head(layer, h, entries);
        const Kept<Real> kept(layer.dropout, h, first_sample);
        WITH_CONSTANT_WIDTH(head.width, attend_head, edges, head, kept, first, last,
                            weights + (keep_weights ? entries : 0), keep_weights, out + h * head.width, out_stride)
        entries += edges.n_entries;
    }
}

// Where the gradients of queries, keys and values go, in rows of `stride` vectors.
template <class Real> struct StateGradients {
    typename Lanes<Real>::Vector *query, *key, *value;
    int64_t stride;
};

template <class Real, int WIDTH>
static void head_gradients(const Edges &edges, const HeadStates<Real> &head, const Kept<Real> &kept, int64_t n_tokens,
                           const typename Lanes<Real>::Vector *weights, typename Lanes<Real>::Vector *slopes,
                           const typename Lanes<Real>::Vector *out_gradient, int64_t out_stride,
                           StateGradients<Real> gradients) {
    for (int64_t token = 0; token < n_tokens; token++) {
        const int64_t entry = edges.row_start[token];
        row_gradients<Real, WIDTH>(edges, head, kept, token, weights + entry, out_gradient + token * out_stride,
                                   slopes + entry, gradients.query + token * gradients.stride);
    }
    for (int64_t token = 0; token < n_tokens; token++)
        key_gradients<Real, WIDTH>(edges, head, kept, token, weights, slopes, out_gradient, out_stride,
                                   gradients.key + token * gradients.stride,
                                   gradients.value + token * gradients.stride);
}

// Gradients of a whole layer. `slopes` is room for the entries of one head; `bias_gradient` has a number per entry of
// all heads, or is null.
template <class Real>
static void attention_gradients(const Layer &layer, const States<Real> &states, int64_t first_sample,
                                const typename Lanes<Real>::Vector *weights, typename Lanes<Real>::Vector *slopes,
                                const typename Lanes<Real>::Vector *out_gradient, int64_t out_stride,
                                StateGradients<Real> gradients, Real *bias_gradient) {
    int64_t entries = 0;
    for (int64_t h = 0; h < layer.n_heads; h++) {
        const Edges &edges = layer.heads[h];
        const HeadStates<Real> head = states.head(layer, h, entries);
        const Kept<Real> kept(layer.dropout, h, first_sample);
        const int64_t at = h * head.width;
        const StateGradients<Real> of_head = {gradients.query + at, gradients.key + at, gradients.value + at,
                                              gradients.stride};
        WITH_CONSTANT_WIDTH(head.width, head_gradients, edges, head, kept, layer.n_tokens, weights + entries, slopes,
                            out_gradient + at, out_stride, of_head)
        if (bias_gradient) lane_sums<Real>(slopes, edges.n_entries, bias_gradient + entries);
        entries += edges.n_entries;
    }
}
