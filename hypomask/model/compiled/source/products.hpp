// Small matrices times states that lie in lanes, and the sums over tokens that are the matrices' gradients.
#pragma once
#include "lanes.hpp"

// A matrix of which element (i, j) is first[i * i_stride + j * j_stride], so that a transpose needs no copy.
template <class Real> struct Matrix {
    const Real *first;
    int64_t n_in, n_out, in_stride, out_stride;

    Matrix transposed() const { return {first, n_out, n_in, out_stride, in_stride}; }
};

// States of some tokens, a token's in a row of `stride` vectors.
template <class Vector> struct Rows {
    Vector *first;
    int64_t stride;

    Vector *operator[](int64_t token) const { return first + token * stride; }
};

// Tokens (or inputs) of a block, next to four outputs: its sums must fit into the registers, of which there are 16 without
// AVX-512 on x86-64, and 32 with it and on Arm.
#if defined(__x86_64__) && !defined(__AVX512F__)
constexpr int BLOCK = 2;
#else
constexpr int BLOCK = 4;
#endif

template <class Real, int TOKENS, int OUTPUTS>
INLINE void product_block(const Matrix<Real> &matrix, int64_t output, Rows<const typename Lanes<Real>::Vector> x,
                          Rows<typename Lanes<Real>::Vector> y, int64_t token, bool add) {
    typedef typename Lanes<Real>::Vector Vector;
    Vector sums[TOKENS][OUTPUTS];
    UNROLL for (int t = 0; t < TOKENS; t++) {
        UNROLL for (int o = 0; o < OUTPUTS; o++) sums[t][o] = add ? y[token + t][output + o] : Vector{};
    }
    const Real *column = matrix.first + output * matrix.out_stride;
    for (int64_t i = 0; i < matrix.n_in; i++) {
        Vector factor[OUTPUTS];
        UNROLL for (int o = 0; o < OUTPUTS; o++)
            factor[o] = Vector{} + column[i * matrix.in_stride + o * matrix.out_stride];
        UNROLL for (int t = 0; t < TOKENS; t++) {
            const Vector state = x[token + t][i];
            UNROLL for (int o = 0; o < OUTPUTS; o++) sums[t][o] += state * factor[o];
        }
    }
    UNROLL for (int t = 0; t < TOKENS; t++) {
        UNROLL for (int o = 0; o < OUTPUTS; o++) y[token + t][output + o] = sums[t][o];
    }
}

// y = x matrix, or y += x matrix, for `n_tokens` rows.
template <class Real>
static void product(const Matrix<Real> &matrix, Rows<const typename Lanes<Real>::Vector> x,
                    Rows<typename Lanes<Real>::Vector> y, int64_t n_tokens, bool add) {
    int64_t token = 0;
    for (; token + BLOCK <= n_tokens; token += BLOCK) {
        int64_t output = 0;
        for (; output + 4 <= matrix.n_out; output += 4) product_block<Real, BLOCK, 4>(matrix, output, x, y, token, add);
        for (; output < matrix.n_out; output++) product_block<Real, BLOCK, 1>(matrix, output, x, y, token, add);
    }
    for (; token < n_tokens; token++) {
        int64_t output = 0;
        for (; output + 4 <= matrix.n_out; output += 4) product_block<Real, 1, 4>(matrix, output, x, y, token, add);
        for (; output < matrix.n_out; output++) product_block<Real, 1, 1>(matrix, output, x, y, token, add);
    }
}

template <class Real, int INPUTS, int OUTPUTS>
INLINE void gradient_block(Rows<const typename Lanes<Real>::Vector> x, int64_t input,
                           Rows<const typename Lanes<Real>::Vector> y_gradient, int64_t output, int64_t n_tokens,
                           typename Lanes<Real>::Vector *sums, int64_t n_out) {
    typedef typename Lanes<Real>::Vector Vector;
    Vector *place = sums + input * n_out + output;
    Vector block[INPUTS][OUTPUTS];
    UNROLL for (int i = 0; i < INPUTS; i++) {
        UNROLL for (int o = 0; o < OUTPUTS; o++) block[i][o] = place[i * n_out + o];
    }
    for (int64_t token = 0; token < n_tokens; token++) {
        Vector slope[OUTPUTS];
        UNROLL for (int o = 0; o < OUTPUTS; o++) slope[o] = y_gradient[token][output + o];
        UNROLL for (int i = 0; i < INPUTS; i++) {
            const Vector state = x[token][input + i];
            UNROLL for (int o = 0; o < OUTPUTS; o++) block[i][o] += state * slope[o];
        }
    }
    UNROLL for (int i = 0; i < INPUTS; i++) {
        UNROLL for (int o = 0; o < OUTPUTS; o++) place[i * n_out + o] = block[i][o];
    }
}

// Add to `sums`, (n_in, n_out) vectors, what `n_tokens` tokens say of a matrix's gradient; lanes are summed later.
template <class Real>
static void add_matrix_gradient(Rows<const typename Lanes<Real>::Vector> x, int64_t n_in,
                                Rows<const typename Lanes<Real>::Vector> y_gradient, int64_t n_out, int64_t n_tokens,
                                typename Lanes<Real>::Vector *sums) {
    int64_t input = 0;
    for (; input + BLOCK <= n_in; input += BLOCK) {
        int64_t output = 0;
        for (; output + 4 <= n_out; output += 4)
            gradient_block<Real, BLOCK, 4>(x, input, y_gradient, output, n_tokens, sums, n_out);
        for (; output < n_out; output++) gradient_block<Real, BLOCK, 1>(x, input, y_gradient, output, n_tokens, sums, n_out);
    }
    for (; input < n_in; input++)
        for (int64_t output = 0; output < n_out; output++)
            gradient_block<Real, 1, 1>(x, input, y_gradient, output, n_tokens, sums, n_out);
}
