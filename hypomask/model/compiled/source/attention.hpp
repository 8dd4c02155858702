// The attention operator on tensors of samples: each tile of samples is brought into lanes, and back.
#pragma once
#include "layer.hpp"

// A (B, N, H * D) tensor whose features lie side by side.
struct Tensor {
    void *first;
    int64_t sample_stride, token_stride;
};

struct AttentionCall {
    Layer layer;
    int64_t n_samples;
    Tensor query, key, value;
    Tensor out;                                            // forward: written; backward: its gradient
    Tensor query_gradient, key_gradient, value_gradient;   // backward only
    void *weights;        // (tiles, entries of all heads, lanes); null: not kept
    void *bias_gradient;  // (tiles, entries of all heads), or null
};

template <class Real> struct Tile {
    static constexpr int count = Lanes<Real>::count;
    int64_t first_sample;
    int n_samples;

    Tile(int64_t number, int64_t all_samples)
        : first_sample(number * count),
          n_samples(all_samples - number * count < count ? int(all_samples - number * count) : count) {}
    Real *at(const Tensor &tensor, int64_t token) const {
        return static_cast<Real *>(tensor.first) + first_sample * tensor.sample_stride + token * tensor.token_stride;
    }
    void read(const Tensor &tensor, int64_t token, int64_t width, typename Lanes<Real>::Vector *row) const {
        to_lanes<Real>(at(tensor, token), tensor.sample_stride, n_samples, width, row);
    }
    void write(const typename Lanes<Real>::Vector *row, const Tensor &tensor, int64_t token, int64_t width) const {
        from_lanes<Real>(row, width, at(tensor, token), tensor.sample_stride, n_samples);
    }
};

// Vectors that one tile needs for itself.
template <class Real> static int64_t attention_room(const AttentionCall &call, bool backward) {
    const int64_t states = call.layer.n_tokens * call.layer.width;
    return (backward ? 7 * states : 3 * states + BLOCK_OF_TOKENS * call.layer.width) + call.layer.most_entries();
}

template <class Real>
static void attention_forward(const AttentionCall &call, int64_t first_tile, int64_t last_tile, void *room) {
    typedef typename Lanes<Real>::Vector Vector;
    const Layer &layer = call.layer;
    const int64_t n = layer.n_tokens, width = layer.width, entries = layer.n_entries();
    Vector *states = static_cast<Vector *>(room), *out = states + 3 * n * width, *row_weights = out + BLOCK_OF_TOKENS * width;
    for (int64_t number = first_tile; number < last_tile; number++) {
        const Tile<Real> tile(number, call.n_samples);
        for (int64_t token = 0; token < n; token++) {
            Vector *row = states + 3 * width * token;
            tile.read(call.query, token, width, row);
            tile.read(call.key, token, width, row + width);
            tile.read(call.value, token, width, row + 2 * width);
        }
        Vector *weights = call.weights ? static_cast<Vector *>(call.weights) + number * entries : row_weights;
        for (int64_t first = 0; first < n; first += BLOCK_OF_TOKENS) {
            const int64_t last = first + BLOCK_OF_TOKENS < n ? first + BLOCK_OF_TOKENS : n;
            attend_tokens<Real>(layer, {states, states + width, states + 2 * width, 3 * width}, tile.first_sample,
                                first, last, weights, call.weights != nullptr, out, width);
            for (int64_t token = first; token < last; token++)
                tile.write(out + (token - first) * width, call.out, token, width);
        }
    }
}

template <class Real>
static void attention_backward(const AttentionCall &call, int64_t first_tile, int64_t last_tile, void *room) {
    typedef typename Lanes<Real>::Vector Vector;
    const Layer &layer = call.layer;
    const int64_t n = layer.n_tokens, width = layer.width, entries = layer.n_entries();
    Vector *states = static_cast<Vector *>(room), *gradients = states + 4 * n * width;
    Vector *slopes = gradients + 3 * n * width;
    for (int64_t number = first_tile; number < last_tile; number++) {
        const Tile<Real> tile(number, call.n_samples);
        for (int64_t token = 0; token < n; token++) {
            Vector *row = states + 4 * width * token;
            tile.read(call.query, token, width, row);
            tile.read(call.key, token, width, row + width);
            tile.read(call.value, token, width, row + 2 * width);
            tile.read(call.out, token, width, row + 3 * width);
        }
        Real *bias_gradient = static_cast<Real *>(call.bias_gradient);
        attention_gradients<Real>(layer, {states, states + width, states + 2 * width, 4 * width}, tile.first_sample,
                                  static_cast<const Vector *>(call.weights) + number * entries, slopes,
                                  states + 3 * width, 4 * width,
                                  {gradients, gradients + width, gradients + 2 * width, 3 * width},
                                  bias_gradient ? bias_gradient + number * entries : nullptr);
        for (int64_t token = 0; token < n; token++) {
            const Vector *row = gradients + 3 * width * token;
            tile.write(row, call.query_gradient, token, width);
            tile.write(row + width, call.key_gradient, token, width);
            tile.write(row + 2 * width, call.value_gradient, token, width);
        }
    }
}
