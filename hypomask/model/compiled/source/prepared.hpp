// What is done once for a batch: before its tiles, and after them with the sum of their gradients.
#pragma once
#include "transformer.hpp"

// c += a b, of (n, k) and (k, m) numbers in rows one after the other.
template <class Real>
static void add_product(const Real *a, const Real *b, Real *c, int64_t n, int64_t k, int64_t m) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < k; j++)
            for (int64_t l = 0; l < m; l++) c[i * m + l] += a[i * k + j] * b[j * m + l];
}

// c += a^T b, of (n, k) and (n, m) numbers.
template <class Real>
static void add_transposed_product(const Real *a, const Real *b, Real *c, int64_t n, int64_t k, int64_t m) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < k; j++)
            for (int64_t l = 0; l < m; l++) c[j * m + l] += a[i * k + j] * b[i * m + l];
}

template <class Real> static void transpose_square(const Real *from, Real *to, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) to[j * n + i] = from[i * n + j];
}

// The matrices that a first row's sections are projected with, in their order.
struct FirstMatrices {
    const void *section[4];

    explicit FirstMatrices(const Block &block) : section{block.query, block.key, block.value, block.gate_own} {}
};

// Call `function(token, which, place)` for every direction that is learned: place `which` 0 is in the embedding, the
// others in the measurement directions.
template <class Function> INLINE void by_directions(const ModelCall &call, Function function) {
    for (int64_t token = 0; token < call.n_tokens; token++) {
        function(token, 0, token * call.width);
        for (int64_t c = 0; token < call.n_genes && c < call.n_channels; c++)
            function(token, 1 + c, (token * call.n_channels + c) * call.width);
    }
}

template <class Real> static void prepare(const ModelCall &call) {
    const int64_t width = call.width;
    Real *memory = static_cast<Real *>(call.prepared);
    std::fill(memory, memory + Prepared<Real>::size(call), Real(0));
    const Prepared<Real> prepared(memory, call);
    const Model<Real> model = {call};
    const FirstMatrices first(call.blocks[0]);
    by_directions(call, [&](int64_t token, int64_t which, int64_t place) {
        const Real *own = model.numbers(which ? call.measurement : call.embedding) + place;
        Real *row = prepared.direction(token, which);
        for (int s = QUERY; s <= OWN; s++)
            add_product(own, model.numbers(first.section[s]), row + s * width, 1, width, width);
        if (n_sections(call) > STATE) std::copy(own, own + width, row + STATE * width);
    });
    for (int64_t l = 0; l < call.n_layers; l++) {
        const Block &block = call.blocks[l];
        const Real *message = model.numbers(block.message);
        add_product(message, model.numbers(block.gate_message), prepared.heard_gate(l), width, width, width);
        add_product(message, model.numbers(block.state_message), prepared.heard_state(l), width, width, width);
    }
}

// Add up the parts, in their order, and turn them into gradients of parameters.
template <class Real> static void finish(const ModelCall &call, int64_t n_tiles) {
    const int64_t width = call.width, square = call.square();
    const Part<Real> total(call.parts, 0, call);
    Real *sum = static_cast<Real *>(call.parts);
    const int64_t size = Part<Real>::size(call);
    for (int64_t tile = 1; tile < n_tiles; tile++)
        for (int64_t i = 0; i < size; i++) sum[i] += sum[tile * size + i];

    const Model<Real> model = {call};
    Real *embedding = static_cast<Real *>(call.gradients), *measurement = embedding + call.states();
    Real *readout = measurement + call.n_genes * call.n_channels * width;
    Real *layer = std::copy(total.readout, total.layers, readout);  // the intercept's come after the readout's
    Real *turned = sum + size;  // room for four transposed matrices: see part_room
    std::fill(embedding, readout, Real(0));
    const FirstMatrices first(call.blocks[0]);
    for (int s = QUERY; s <= OWN; s++) transpose_square(model.numbers(first.section[s]), turned + s * square, width);
    std::fill(layer, layer + 8 * square, Real(0));
    Real *const first_gradients[4] = {layer, layer + square, layer + 2 * square, layer + 4 * square};
    by_directions(call, [&](int64_t token, int64_t which, int64_t place) {
        const Real *own = model.numbers(which ? call.measurement : call.embedding) + place;
        const Real *row = total.prepared.direction(token, which);
        Real *gradient = (which ? measurement : embedding) + place;
        for (int s = QUERY; s <= OWN; s++) {
            add_transposed_product(own, row + s * width, first_gradients[s], 1, width, width);
            add_product(row + s * width, turned + s * square, gradient, 1, width, width);
        }
        for (int64_t d = 0; n_sections(call) > STATE && d < width; d++) gradient[d] += row[STATE * width + d];
    });
    for (int64_t l = 0; l < call.n_layers; l++) {
        const Block &block = call.blocks[l];
        const Real *own = total.layer(l);  // query, key, value, gate_own, state_gated
        Real *message = layer + 3 * square, *gate_own = layer + 4 * square, *gate_message = layer + 5 * square;
        Real *state_message = layer + 6 * square, *state_gated = layer + 7 * square;
        if (l > 0) {
            std::copy(own, own + 3 * square, layer);
            std::copy(own + 3 * square, own + 4 * square, gate_own);
        }
        std::fill(message, message + square, Real(0));
        std::fill(gate_message, state_gated, Real(0));
        const Real *heard_gate = total.prepared.heard_gate(l), *heard_state = total.prepared.heard_state(l);
        transpose_square(model.numbers(block.gate_message), turned, width);
        add_product(heard_gate, turned, message, width, width, width);
        transpose_square(model.numbers(block.state_message), turned, width);
        add_product(heard_state, turned, message, width, width, width);
        add_transposed_product(model.numbers(block.message), heard_gate, gate_message, width, width, width);
        add_transposed_product(model.numbers(block.message), heard_state, state_message, width, width, width);
        std::copy(own + 4 * square, own + 5 * square, state_gated);
        const Real *bias = total.bias(l);
        layer += 8 * square;
        if (bias) layer = std::copy(bias, bias + block.layer.n_entries(), layer);
    }
}
