// The whole masked gene transformer: what its passes share. Names are those of hypomask.model.transformer.
//
// Two things are done once for a batch rather than once for a sample (see prepared.hpp). A gene's first state is linear in
// its measurements, h = e + sum_c x_c w_c, so its projections are too: the first layer needs no matrix product for a
// sample. And what heads heard goes through two matrices in a row, whose product is taken first.
#pragma once
#include <algorithm>

#include "attention.hpp"
#include "products.hpp"

struct Block {
    Layer layer;
    const void *query, *key, *value, *message;  // (W, W) each
    const void *gate_own, *gate_message, *state_message, *state_gated;
};

struct ModelCall {
    int64_t n_samples, n_tokens, n_genes, n_channels, width, n_layers, n_outputs;
    const Block *blocks;      // (L)
    const void *x;            // (B, G, C)
    const void *embedding;    // (N, W)
    const void *measurement;  // (G, C, W)
    const void *readout;      // (G, L * W, K)
    const void *intercept;    // (K)
    void *prepared;           // see Prepared
    void *eta;                // (B, K); backward: its gradient
    void *features;           // (B, G, L * W) final tokens, or null
    void *kept;               // (tiles, kept vectors) for the backward pass, or null
    void *parts;              // (tiles, numbers of a part): gradients of each tile, see Part
    void *gradients;          // of the four arrays above, then by layer of its matrices and its bias
    void *x_gradient;         // (B, G, C) or null

    int64_t states() const { return n_tokens * width; }
    int64_t square() const { return width * width; }
    int64_t features_per_gene() const { return n_layers * width; }
    bool is_last(int64_t l) const { return l + 1 == n_layers; }
};

// Sections of a token's first row: query, key, value, gate of the own state; and the state itself, where there is a
// second layer to read it.
enum Section { QUERY, KEY, VALUE, OWN, STATE };
inline int64_t n_sections(const ModelCall &call) { return call.n_layers > 1 ? 5 : 4; }

// What is worked out once for a batch, in one piece of memory.
template <class Number> struct Prepared {
    Number *directions;  // (N, 1 + C, sections, W): of the first rows, without and with each measurement
    Number *layers;      // (L, 2, W, W): message matrix times gate_message, and times state_message
    const ModelCall &call;

    Prepared(Number *memory, const ModelCall &all) : directions(memory), layers(memory + n_directions(all)), call(all) {}
    static int64_t n_directions(const ModelCall &call) {
        return call.states() * (1 + call.n_channels) * n_sections(call);
    }
    static int64_t size(const ModelCall &call) { return n_directions(call) + 2 * call.n_layers * call.square(); }

    int64_t row_size() const { return n_sections(call) * call.width; }
    Number *direction(int64_t token, int64_t which) const {
        return directions + (token * (1 + call.n_channels) + which) * row_size();
    }
    Number *heard_gate(int64_t l) const { return layers + 2 * l * call.square(); }
    Number *heard_state(int64_t l) const { return heard_gate(l) + call.square(); }
};

// Gradients of what was prepared, of the readout and of the layers' own matrices; one part for each tile.
template <class Real> struct Part {
    Prepared<Real> prepared;
    Real *readout, *intercept, *layers;
    const ModelCall &call;

    Part(void *parts, int64_t tile, const ModelCall &all)
        : prepared(static_cast<Real *>(parts) + tile * size(all), all), call(all) {
        readout = prepared.directions + Prepared<Real>::size(all);
        intercept = readout + readout_size(all);
        layers = intercept + all.n_outputs;
    }
    static int64_t readout_size(const ModelCall &call) {
        return call.n_genes * call.features_per_gene() * call.n_outputs;
    }
    static int64_t layer_size(const ModelCall &call, int64_t l) {
        const Layer &layer = call.blocks[l].layer;
        return 5 * call.square() + (layer.bias ? layer.n_entries() : 0);
    }
    static int64_t size(const ModelCall &call) {
        int64_t total = Prepared<Real>::size(call) + readout_size(call) + call.n_outputs;
        for (int64_t l = 0; l < call.n_layers; l++) total += layer_size(call, l);
        return total;
    }
    // Of layer l: query, key, value, gate_own, state_gated, (W, W) each; then its bias, if any.
    Real *layer(int64_t l) const {
        Real *at = layers;
        for (int64_t before = 0; before < l; before++) at += layer_size(call, before);
        return at;
    }
    Real *bias(int64_t l) const { return call.blocks[l].layer.bias ? layer(l) + 5 * call.square() : nullptr; }
};

// What the forward pass of a layer leaves for the backward pass.
template <class Vector> struct LayerMemory {
    Vector *h;        // (N, W) states before the layer, where it is not the first
    Vector *qkv;      // (N, 3 W)
    Vector *heard;    // (N, W) what heads heard
    Vector *weights;  // attention weights of all heads, one after the other
};

template <class Real> struct Model {
    typedef typename Lanes<Real>::Vector Vector;
    const ModelCall &call;

    const Real *numbers(const void *pointer) const { return static_cast<const Real *>(pointer); }
    Matrix<Real> matrix(const void *first) const { return {numbers(first), call.width, call.width, call.width, 1}; }
    Prepared<const Real> prepared() const { return {numbers(call.prepared), call}; }

    int64_t kept_by_layer(int64_t l) const {
        return (l ? 5 : 1) * call.states() + call.blocks[l].layer.n_entries();
    }
    int64_t kept_by_tile() const {
        int64_t total = 0;
        for (int64_t l = 0; l < call.n_layers; l++) total += kept_by_layer(l);
        return total;
    }
    // Memory of layer l. The first layer's rows are cheaper to make again than to keep: they are in `first_qkv`.
    LayerMemory<Vector> kept(int64_t tile, int64_t l, Vector *first_qkv) const {
        Vector *at = static_cast<Vector *>(call.kept) + tile * kept_by_tile();
        for (int64_t before = 0; before < l; before++) at += kept_by_layer(before);
        if (l == 0) return {nullptr, first_qkv, at, at + call.states()};
        return {at, at + call.states(), at + 4 * call.states(), at + 5 * call.states()};
    }
    int64_t most_entries() const {
        int64_t most = 0;
        for (int64_t l = 0; l < call.n_layers; l++) most = std::max(most, call.blocks[l].layer.most_entries());
        return most;
    }
    // Vectors that a block of tokens needs for one of its states, or for its measurements.
    int64_t block_room() const { return BLOCK_OF_TOKENS * std::max(call.width, call.n_channels); }

    // How many of `n` tokens from `first` on are genes; groups come after all genes.
    int64_t genes_among(int64_t first, int64_t n) const {
        return std::max<int64_t>(0, std::min(n, call.n_genes - first));
    }
    // Measurements of `genes` genes from `first` on, in lanes: rows of C vectors.
    void read_x(const Tile<Real> &tile, int64_t first, int64_t genes, Vector *x) const {
        const int64_t sample = call.n_genes * call.n_channels;
        to_lanes<Real>(numbers(call.x) + tile.first_sample * sample + first * call.n_channels, sample, tile.n_samples,
                       genes * call.n_channels, x);
    }
    // Sections `first_section` up to `last_section` of the first rows of `n` tokens from `first` on.
    void first_rows(int64_t first, int64_t n, const Vector *x, int first_section, int last_section,
                    Rows<Vector> rows) const {
        const Prepared<const Real> known = prepared();
        const int64_t genes = genes_among(first, n), channels = call.n_channels;
        for (int64_t t = 0; t < n; t++) {
            const int64_t at = first_section * call.width, size = (last_section - first_section) * call.width;
            const Real *without = known.direction(first + t, 0) + at;
            Vector *row = rows[t];
            for (int64_t i = 0; i < size; i++) row[i] = Vector{} + without[i];
            for (int64_t c = 0; t < genes && c < channels; c++) {
                const Real *with = known.direction(first + t, 1 + c) + at;
                const Vector measured = x[t * channels + c];
                for (int64_t i = 0; i < size; i++) row[i] += measured * with[i];
            }
        }
    }
};

// Call `function(first, n)` for all tokens, a block at a time.
template <class Function> INLINE void by_blocks(int64_t n_tokens, Function function) {
    for (int64_t first = 0; first < n_tokens; first += BLOCK_OF_TOKENS)
        function(first, std::min(BLOCK_OF_TOKENS, n_tokens - first));
}
