// Vectors whose lanes are samples: everything that is done to one sample is done to a tile of them at once.
//
// Plain GCC/Clang vector extensions: the instruction set is chosen by -march, and any of them compiles (SSE2, AVX2,
// AVX-512, NEON). Nothing here depends on Python, torch or a threading library.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifndef LANE_BYTES
#error "LANE_BYTES: bytes of a vector; wider than the machine's registers is an order of magnitude slower"
#endif
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

typedef float FloatLanes __attribute__((vector_size(LANE_BYTES)));
typedef int32_t Int32Lanes __attribute__((vector_size(LANE_BYTES)));
typedef uint32_t Uint32Lanes __attribute__((vector_size(LANE_BYTES)));
typedef double DoubleLanes __attribute__((vector_size(LANE_BYTES)));
typedef int64_t Int64Lanes __attribute__((vector_size(LANE_BYTES)));
typedef uint64_t Uint64Lanes __attribute__((vector_size(LANE_BYTES)));

template <class Real> struct Lanes;
template <> struct Lanes<float> {
    typedef FloatLanes Vector;
    typedef Int32Lanes Integers;
    typedef Uint32Lanes Bits;
    typedef uint32_t Bit;  // one lane of them
    static constexpr int count = LANE_BYTES / 4;
};
template <> struct Lanes<double> {
    typedef DoubleLanes Vector;
    typedef Int64Lanes Integers;
    typedef Uint64Lanes Bits;
    typedef uint64_t Bit;
    static constexpr int count = LANE_BYTES / 8;
};

INLINE FloatLanes largest(FloatLanes a, FloatLanes b) { return a > b ? a : b; }
INLINE DoubleLanes largest(DoubleLanes a, DoubleLanes b) { return a > b ? a : b; }

// exp of numbers that are not positive, 2 ulp; exactly 0 where the result would not be a normal number.
// Adding 1.5 * 2^mantissa rounds to the nearest integer, which then stands in the lowest bits.
INLINE FloatLanes exp_of_negative(FloatLanes x) {
    const float rounder = 12582912.0f;
    FloatLanes shifted = x * 1.44269504088896341f + rounder;
    FloatLanes k = shifted - rounder;
    FloatLanes r = x - k * 0.693359375f + k * 2.12194440e-4f;
    FloatLanes p = r * 1.9875691500e-4f + 1.3981999507e-3f;  // Cephes' expf
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    Int32Lanes power = ((Int32Lanes)shifted << 23) + (Int32Lanes)((FloatLanes){} + 1.0f);
    return x < -87.0f ? (FloatLanes){} : p * (FloatLanes)power;
}

INLINE DoubleLanes exp_of_negative(DoubleLanes x) {
    const double rounder = 6755399441055744.0;
    DoubleLanes shifted = x * 1.4426950408889634074 + rounder;
    DoubleLanes k = shifted - rounder;
    DoubleLanes r = x - k * 6.93145751953125e-1 - k * 1.42860682030941723212e-6;
    // Taylor to degree 13: the next term is 4e-18 at the end of the interval, |r| = log(2) / 2.
    const double coefficients[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                                   1.0 / 5040,      1.0 / 720,      1.0 / 120,     1.0 / 24,     1.0 / 6,
                                   1.0 / 2,         1.0,            1.0};
    DoubleLanes p = (DoubleLanes){} + 1.0 / 6227020800.0;
    UNROLL for (double coefficient : coefficients) p = p * r + coefficient;
    Int64Lanes power = ((Int64Lanes)shifted << 52) + (Int64Lanes)((DoubleLanes){} + 1.0);
    return x < -708.0 ? (DoubleLanes){} : p * (DoubleLanes)power;
}

// Interleave the lower (upper) halves of a and b: a0 b0 a1 b1 ...
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(KIND, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(KIND, a, b, ...) __builtin_shuffle(a, b, (Lanes<KIND>::Integers){__VA_ARGS__})
#endif
#define LOW_2 0, 2
#define HIGH_2 1, 3
#define LOW_4 0, 4, 1, 5
#define HIGH_4 2, 6, 3, 7
#define LOW_8 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_8 4, 12, 5, 13, 6, 14, 7, 15
#define LOW_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define DEFINE_ZIP(KIND, VECTOR, LOW, HIGH)                                          \
    INLINE VECTOR zip_low(VECTOR a, VECTOR b) { return SHUFFLE(KIND, a, b, LOW); }   \
    INLINE VECTOR zip_high(VECTOR a, VECTOR b) { return SHUFFLE(KIND, a, b, HIGH); }
#if LANE_BYTES == 64
DEFINE_ZIP(float, FloatLanes, LOW_16, HIGH_16)
DEFINE_ZIP(double, DoubleLanes, LOW_8, HIGH_8)
#elif LANE_BYTES == 32
DEFINE_ZIP(float, FloatLanes, LOW_8, HIGH_8)
DEFINE_ZIP(double, DoubleLanes, LOW_4, HIGH_4)
#elif LANE_BYTES == 16
DEFINE_ZIP(float, FloatLanes, LOW_4, HIGH_4)
DEFINE_ZIP(double, DoubleLanes, LOW_2, HIGH_2)
#endif

// Transpose a square of as many vectors as there are lanes, in place: a shuffle per stage as in a deck of cards.
template <class Real> INLINE void transpose(typename Lanes<Real>::Vector *square) {
    constexpr int count = Lanes<Real>::count;
    typename Lanes<Real>::Vector dealt[count];
    UNROLL for (int stage = 1; stage < count; stage *= 2) {
        UNROLL for (int i = 0; i < count / 2; i++) {
            dealt[2 * i] = zip_low(square[i], square[i + count / 2]);
            dealt[2 * i + 1] = zip_high(square[i], square[i + count / 2]);
        }
        UNROLL for (int i = 0; i < count; i++) square[i] = dealt[i];
    }
}

// Return the vector whose lane i is the sum over the lanes of terms[i]; `terms` is used up.
template <class Real> INLINE typename Lanes<Real>::Vector sums_over_lanes(typename Lanes<Real>::Vector *terms) {
    UNROLL for (int half = Lanes<Real>::count / 2; half > 0; half /= 2) {
        UNROLL for (int i = 0; i < half; i++)
            terms[i] = zip_low(terms[i], terms[i + half]) + zip_high(terms[i], terms[i + half]);
    }
    return terms[0];
}

// Read `width` numbers of each of `n_samples` samples (at most a tile's) into as many vectors; other lanes get 0.
template <class Real>
static void to_lanes(const Real *first, int64_t sample_stride, int n_samples, int64_t width,
                     typename Lanes<Real>::Vector *vectors) {
    typedef typename Lanes<Real>::Vector Vector;
    constexpr int count = Lanes<Real>::count;
    int64_t at = 0;
    for (; at + count <= width; at += count) {
        Vector square[count];
        UNROLL for (int sample = 0; sample < count; sample++) {
            square[sample] = Vector{};
            if (sample < n_samples) std::memcpy(&square[sample], first + sample * sample_stride + at, sizeof(Vector));
        }
        transpose<Real>(square);
        UNROLL for (int i = 0; i < count; i++) vectors[at + i] = square[i];
    }
    for (; at < width; at++)
        for (int sample = 0; sample < count; sample++)
            vectors[at][sample] = sample < n_samples ? first[sample * sample_stride + at] : Real(0);
}

// Write vectors back as `width` numbers of each sample.
template <class Real>
static void from_lanes(const typename Lanes<Real>::Vector *vectors, int64_t width, Real *first, int64_t sample_stride,
                       int n_samples) {
    typedef typename Lanes<Real>::Vector Vector;
    constexpr int count = Lanes<Real>::count;
    int64_t at = 0;
    for (; at + count <= width; at += count) {
        Vector square[count];
        UNROLL for (int i = 0; i < count; i++) square[i] = vectors[at + i];
        transpose<Real>(square);
        UNROLL for (int sample = 0; sample < count; sample++)
            if (sample < n_samples) std::memcpy(first + sample * sample_stride + at, &square[sample], sizeof(Vector));
    }
    for (; at < width; at++)
        for (int sample = 0; sample < n_samples; sample++) first[sample * sample_stride + at] = vectors[at][sample];
}

// sums[i] = the sum over the lanes of vectors[i].
template <class Real>
static void lane_sums(const typename Lanes<Real>::Vector *vectors, int64_t n, Real *sums) {
    typedef typename Lanes<Real>::Vector Vector;
    constexpr int count = Lanes<Real>::count;
    for (int64_t at = 0; at < n; at += count) {
        const int64_t here = n - at < count ? n - at : count;
        Vector terms[count];
        UNROLL for (int i = 0; i < count; i++) terms[i] = i < here ? vectors[at + i] : Vector{};
        const Vector found = sums_over_lanes<Real>(terms);
        std::memcpy(sums + at, &found, size_t(here) * sizeof(Real));
    }
}
