// The backward pass of the whole transformer for one tile of samples. What is cheap to make again from the states and from
// what heads heard (first rows, gates) was not kept.
#pragma once
#include "transformer.hpp"

// A layer's matrices of which the gradients are summed over tokens, and lanes only at the end of the layer. The order is
// that of Part: first those of the layer itself, then those of what was prepared.
enum Sum { OF_QUERY, OF_KEY, OF_VALUE, OF_OWN, OF_STATE_GATED, OF_HEARD_GATE, OF_HEARD_STATE, N_SUMS };

template <class Real> static int64_t backward_room(const Model<Real> &model) {
    const ModelCall &call = model.call;
    return 8 * call.states() + 6 * model.block_room() + model.most_entries() + N_SUMS * call.square() +
           call.n_outputs + (call.x_gradient ? call.n_genes * call.n_channels : 0);
}

// Gradients of the readout, and what the gradient of eta says of the final tokens of genes from `first` on.
template <class Real>
static void readout_gradients(const Model<Real> &model, int64_t l, int64_t first, int64_t genes,
                              const typename Lanes<Real>::Vector *u, const typename Lanes<Real>::Vector *eta_gradient,
                              Real *readout_gradient, typename Lanes<Real>::Vector *terms,
                              typename Lanes<Real>::Vector *u_gradient) {
    typedef typename Lanes<Real>::Vector Vector;
    const ModelCall &call = model.call;
    const int64_t width = call.width, n_outputs = call.n_outputs;
    for (int64_t t = 0; t < genes; t++) {
        const int64_t at = ((first + t) * call.features_per_gene() + l * width) * n_outputs;
        const Real *readout = model.numbers(call.readout) + at;
        const Vector *row = u + t * width;
        for (int64_t d = 0; d < width; d++) {
            Vector slope = Vector{};
            for (int64_t k = 0; k < n_outputs; k++) slope += eta_gradient[k] * readout[d * n_outputs + k];
            u_gradient[t * width + d] = slope;
        }
        for (int64_t k = 0; k < n_outputs; k++) {
            for (int64_t d = 0; d < width; d++) terms[d] = row[d] * eta_gradient[k];
            if (n_outputs == 1) {
                lane_sums<Real>(terms, width, readout_gradient + at);
                continue;
            }
            for (int64_t d = 0; d < width; d++) lane_sums<Real>(terms + d, 1, readout_gradient + at + d * n_outputs + k);
        }
    }
}

// Gradients of sections `first_section` up to `last_section` of the first rows, and of measurements where asked for.
template <class Real>
static void first_row_gradients(const Model<Real> &model, const Part<Real> &part, int64_t first, int64_t n,
                                const typename Lanes<Real>::Vector *x, int first_section, int last_section,
                                Rows<const typename Lanes<Real>::Vector> slopes, typename Lanes<Real>::Vector *terms,
                                typename Lanes<Real>::Vector *x_gradient) {
    typedef typename Lanes<Real>::Vector Vector;
    const ModelCall &call = model.call;
    const int64_t genes = model.genes_among(first, n), channels = call.n_channels;
    for (int64_t t = 0; t < n; t++) {
        for (int section = first_section; section < last_section; section++) {
            const int64_t at = section * call.width;
            const Vector *row = slopes[t] + at - first_section * call.width;
            lane_sums<Real>(row, call.width, part.prepared.direction(first + t, 0) + at);
            for (int64_t c = 0; t < genes && c < channels; c++) {
                for (int64_t d = 0; d < call.width; d++) terms[d] = row[d] * x[t * channels + c];
                lane_sums<Real>(terms, call.width, part.prepared.direction(first + t, 1 + c) + at);
                if (!x_gradient) continue;
                const Real *direction = model.prepared().direction(first + t, 1 + c) + at;
                for (int64_t d = 0; d < call.width; d++)
                    x_gradient[(first + t) * channels + c] += row[d] * direction[d];
            }
        }
    }
}

template <class Real> static void backward_tile(const Model<Real> &model, int64_t number, void *room) {
    typedef typename Lanes<Real>::Vector Vector;
    typedef Rows<Vector> Writable;
    typedef Rows<const Vector> Readable;
    const ModelCall &call = model.call;
    const Prepared<const Real> prepared = model.prepared();
    const int64_t width = call.width, states = call.states(), square = call.square(), block_room = model.block_room();
    const Tile<Real> tile(number, call.n_samples);
    const Part<Real> part(call.parts, number, call);
    Vector *first_qkv = static_cast<Vector *>(room), *h_gradient = first_qkv + 3 * states;
    Vector *heard_gradient = h_gradient + states, *qkv_gradient = heard_gradient + states;
    Vector *own = qkv_gradient + 3 * states, *gated = own + block_room, *u = gated + block_room;
    Vector *u_gradient = u + block_room, *x = u_gradient + block_room, *terms = x + block_room;
    Vector *sums = terms + block_room, *eta_gradient = sums + N_SUMS * square;
    Vector *slopes = eta_gradient + call.n_outputs;
    Vector *x_gradient = call.x_gradient ? slopes + model.most_entries() : nullptr;

    to_lanes<Real>(model.numbers(call.eta) + tile.first_sample * call.n_outputs, call.n_outputs, tile.n_samples,
                   call.n_outputs, eta_gradient);
    lane_sums<Real>(eta_gradient, call.n_outputs, part.intercept);
    std::fill(part.prepared.directions, part.readout, Real(0));
    if (x_gradient) std::fill(x_gradient, x_gradient + call.n_genes * call.n_channels, Vector{});
    for (int64_t l = call.n_layers - 1; l >= 0; l--) {
        const Block &block = call.blocks[l];
        const bool first_layer = l == 0, last_layer = call.is_last(l);
        const LayerMemory<Vector> memory = model.kept(number, l, first_qkv);
        std::fill(sums, sums + N_SUMS * square, Vector{});
        auto add_gradient = [&](Sum matrix, Readable input, Readable slope, int64_t n) {
            add_matrix_gradient<Real>(input, width, slope, width, n, sums + matrix * square);
        };
        auto back_through = [&](const void *matrix, Readable slope, Writable to, int64_t n, bool add) {
            product<Real>(model.matrix(matrix).transposed(), slope, to, n, add);
        };
        by_blocks(call.n_tokens, [&](int64_t first, int64_t n) {
            const Readable h = {memory.h + first * width, width}, heard = {memory.heard + first * width, width};
            const Writable dh = {h_gradient + first * width, width};
            const Readable dh_read = {dh.first, width};
            const int64_t genes = model.genes_among(first, n);
            if (first_layer) {
                model.read_x(tile, first, genes, x);
                model.first_rows(first, n, x, QUERY, OWN, {first_qkv + first * 3 * width, 3 * width});
                model.first_rows(first, n, x, OWN, STATE, {own, width});
            } else {
                product<Real>(model.matrix(block.gate_own), h, {own, width}, n, false);
            }
            product<Real>(model.matrix(prepared.heard_gate(l)), heard, {gated, width}, n, false);
            for (int64_t i = 0; i < n * width; i++) u[i] = own[i] * gated[i];

            readout_gradients<Real>(model, l, first, genes, u, eta_gradient, part.readout, terms, u_gradient);
            std::fill(u_gradient + genes * width, u_gradient + n * width, Vector{});
            if (!last_layer) {
                add_gradient(OF_HEARD_STATE, heard, dh_read, n);
                add_gradient(OF_STATE_GATED, {u, width}, dh_read, n);
                back_through(block.state_gated, dh_read, {u_gradient, width}, n, true);
            }
            for (int64_t i = 0; i < n * width; i++) {  // from here on `gated` and `own` hold gradients
                const Vector of_own = u_gradient[i] * gated[i];
                gated[i] = u_gradient[i] * own[i];
                own[i] = of_own;
            }
            const Writable heard_slope = {heard_gradient + first * width, width};
            add_gradient(OF_HEARD_GATE, heard, {gated, width}, n);
            back_through(prepared.heard_gate(l), {gated, width}, heard_slope, n, false);
            if (!last_layer) back_through(prepared.heard_state(l), dh_read, heard_slope, n, true);
            if (first_layer) {
                first_row_gradients<Real>(model, part, first, n, x, OWN, STATE, {own, width}, terms, x_gradient);
                if (!last_layer)
                    first_row_gradients<Real>(model, part, first, n, x, STATE, STATE + 1, dh_read, terms, x_gradient);
            } else {
                add_gradient(OF_OWN, h, {own, width}, n);
                back_through(block.gate_own, {own, width}, dh, n, !last_layer);
            }
        });
        const Vector *q = memory.qkv, *k = q + width, *v = k + width;
        attention_gradients<Real>(block.layer, {q, k, v, 3 * width}, tile.first_sample, memory.weights, slopes,
                                  heard_gradient, width,
                                  {qkv_gradient, qkv_gradient + width, qkv_gradient + 2 * width, 3 * width},
                                  part.bias(l));
        by_blocks(call.n_tokens, [&](int64_t first, int64_t n) {
            const Readable slope = {qkv_gradient + first * 3 * width, 3 * width};
            if (first_layer) {
                model.read_x(tile, first, model.genes_among(first, n), x);
                return first_row_gradients<Real>(model, part, first, n, x, QUERY, OWN, slope, terms, x_gradient);
            }
            const void *const matrices[] = {block.query, block.key, block.value};
            for (int i = 0; i < 3; i++) {
                const Readable one = {slope.first + i * width, 3 * width};
                add_gradient(Sum(OF_QUERY + i), {memory.h + first * width, width}, one, n);
                back_through(matrices[i], one, {h_gradient + first * width, width}, n, true);
            }
        });
        lane_sums<Real>(sums, OF_HEARD_GATE * square, part.layer(l));
        lane_sums<Real>(sums + OF_HEARD_GATE * square, 2 * square, part.prepared.heard_gate(l));
    }
    if (x_gradient) {
        const int64_t sample = call.n_genes * call.n_channels;
        from_lanes<Real>(x_gradient, sample, static_cast<Real *>(call.x_gradient) + tile.first_sample * sample, sample,
                         tile.n_samples);
    }
}
