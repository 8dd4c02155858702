// The forward pass of the whole transformer for one tile of samples.
#pragma once
#include "transformer.hpp"

template <class Real> static int64_t forward_room(const Model<Real> &model) {
    return 5 * model.call.states() + 3 * model.block_room() + model.most_entries() + model.call.n_outputs;
}

// eta_k += sum_g r_gk . u_g, for genes from `first` on; and their final tokens, where they are asked for.
template <class Real>
static void read_out(const Model<Real> &model, const Tile<Real> &tile, int64_t l, int64_t first, int64_t genes,
                     const typename Lanes<Real>::Vector *u, typename Lanes<Real>::Vector *eta) {
    typedef typename Lanes<Real>::Vector Vector;
    const ModelCall &call = model.call;
    const int64_t n_features = call.features_per_gene(), n_outputs = call.n_outputs;
    for (int64_t t = 0; t < genes; t++) {
        const Real *readout = model.numbers(call.readout) + ((first + t) * n_features + l * call.width) * n_outputs;
        const Vector *row = u + t * call.width;
        for (int64_t k = 0; k < n_outputs; k++) {
            Vector sum = Vector{};
            for (int64_t d = 0; d < call.width; d++) sum += row[d] * readout[d * n_outputs + k];
            eta[k] += sum;
        }
        if (call.features) {
            const int64_t sample = call.n_genes * n_features;
            Real *place = static_cast<Real *>(call.features) + tile.first_sample * sample;
            from_lanes<Real>(row, call.width, place + (first + t) * n_features + l * call.width, sample, tile.n_samples);
        }
    }
}

template <class Real> static void forward_tile(const Model<Real> &model, int64_t number, void *room) {
    typedef typename Lanes<Real>::Vector Vector;
    typedef Rows<Vector> Writable;
    typedef Rows<const Vector> Readable;
    const ModelCall &call = model.call;
    const Prepared<const Real> prepared = model.prepared();
    const int64_t width = call.width, states = call.states();
    const Tile<Real> tile(number, call.n_samples);
    const bool keep = call.kept != nullptr;
    Vector *own = static_cast<Vector *>(room), *u = own + model.block_room(), *x = u + model.block_room();
    Vector *eta = x + model.block_room(), *passing = eta + call.n_outputs;
    // Where nothing is kept, layers share this memory, and a row's weights those of the row before.
    const LayerMemory<Vector> shared = {passing + 3 * states, passing, passing + 4 * states, passing + 5 * states};
    for (int64_t k = 0; k < call.n_outputs; k++) eta[k] = Vector{} + model.numbers(call.intercept)[k];

    for (int64_t l = 0; l < call.n_layers; l++) {
        const Block &block = call.blocks[l];
        const bool first_layer = l == 0, last_layer = call.is_last(l);
        const LayerMemory<Vector> memory = keep ? model.kept(number, l, shared.qkv) : shared;
        const LayerMemory<Vector> next = keep && !last_layer ? model.kept(number, l + 1, shared.qkv) : shared;
        by_blocks(call.n_tokens, [&](int64_t first, int64_t n) {
            const Writable qkv = {memory.qkv + first * 3 * width, 3 * width};
            if (first_layer) {
                model.read_x(tile, first, model.genes_among(first, n), x);
                return model.first_rows(first, n, x, QUERY, OWN, qkv);
            }
            const Readable h = {memory.h + first * width, width};
            product<Real>(model.matrix(block.query), h, qkv, n, false);
            product<Real>(model.matrix(block.key), h, {qkv.first + width, 3 * width}, n, false);
            product<Real>(model.matrix(block.value), h, {qkv.first + 2 * width, 3 * width}, n, false);
        });
        const Vector *q = memory.qkv, *k = q + width, *v = k + width;
        by_blocks(call.n_tokens, [&](int64_t first, int64_t n) {
            Vector *heard = memory.heard + first * width;
            const Readable heard_rows = {heard, width};
            attend_tokens<Real>(block.layer, {q, k, v, 3 * width}, tile.first_sample, first, first + n, memory.weights,
                                keep, heard, width);
            const Writable next_h = {next.h + first * width, width};
            if (first_layer) {
                model.read_x(tile, first, model.genes_among(first, n), x);
                model.first_rows(first, n, x, OWN, STATE, {own, width});
                if (!last_layer) model.first_rows(first, n, x, STATE, STATE + 1, next_h);
            } else {
                const Readable h = {memory.h + first * width, width};
                product<Real>(model.matrix(block.gate_own), h, {own, width}, n, false);
                if (!last_layer && next.h != memory.h) std::copy(h[0], h[n], next_h[0]);
            }
            product<Real>(model.matrix(prepared.heard_gate(l)), heard_rows, {u, width}, n, false);
            for (int64_t i = 0; i < n * width; i++) u[i] *= own[i];
            read_out<Real>(model, tile, l, first, model.genes_among(first, n), u, eta);
            if (last_layer) return;
            product<Real>(model.matrix(prepared.heard_state(l)), heard_rows, next_h, n, true);
            product<Real>(model.matrix(block.state_gated), Readable{u, width}, next_h, n, true);
        });
    }
    if (call.eta)
        from_lanes<Real>(eta, call.n_outputs, static_cast<Real *>(call.eta) + tile.first_sample * call.n_outputs,
                         call.n_outputs, tile.n_samples);
}
