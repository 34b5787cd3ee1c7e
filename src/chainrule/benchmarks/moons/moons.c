/* micrograd's moons demo by hand: a 2-16-16-1 network, relu, hinge loss, L2, gradient descent.
 *
 * The sixteen neurons of a layer are the lanes: 16 doubles are two vectors of AVX-512, four of AVX2,
 * so no lane is idle, and no sum over the examples crosses lanes. Examples go forward and back in groups
 * of LANES, in BLOCKs whose sums stay in registers; the gradient of the second layer follows for all
 * examples at once, ROWS of its rows at a time, again in registers.
 * Written with the vector extensions of GCC and Clang: the same text serves every processor.
 */

#include <string.h>

#if defined(__AVX512F__)
#define INSTRUCTIONS "AVX-512"
#define LANES 8
#define BLOCK 8
#define ROWS 8
#elif defined(__AVX__)
#if defined(__FMA__)
#define INSTRUCTIONS "AVX2 with FMA"
#else
#define INSTRUCTIONS "AVX"
#endif
#define LANES 4
#define BLOCK 2
#define ROWS 2
#else
#if defined(__aarch64__)
#define INSTRUCTIONS "NEON"
#define BLOCK 2 /* of 32 registers: 16 sums */
#define ROWS 2
#else
#define INSTRUCTIONS "SSE2"
#define BLOCK 1
#define ROWS 1
#endif
#define LANES 2
#endif

#ifdef __clang__
#define EACH(index, count) _Pragma("unroll") for (int index = 0; index < (count); index++)
#else
#define EACH(index, count) _Pragma("GCC unroll 16") for (int index = 0; index < (count); index++)
#endif

/* Whatever reads this array next, loads it. */
#define IN_MEMORY(array) __asm__("" : "+m"(array))

enum { N = 100, WIDTH = 16, V = WIDTH / LANES, PADDED = 104 };

typedef double lanes __attribute__((vector_size(8 * LANES)));
typedef long long mask __attribute__((vector_size(8 * LANES)));
typedef lanes row[V]; /* one number for each neuron of a layer */

/* Weights, and their gradients in the same places. w1 and w2 have a row for each *input*. */
typedef struct {
    row w1[2], b1, w2[WIDTH], b2, w3;
    lanes b3; /* its lanes are summed: of the weight only the first is not 0 */
} network;

enum { VECTORS = sizeof(network) / sizeof(lanes) };

static row hidden[PADDED], delta[PADDED]; /* the first layer's output; what comes back into the second */

static inline lanes where(mask m, lanes x) { return (lanes)(m & (mask)x); }
static inline lanes relu(lanes x) { return where(x > 0, x); }

static inline double total(lanes x) {
    double sum = 0;
    EACH(k, LANES) sum += x[k];
    return sum;
}

#if LANES == 8
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#elif LANES == 4
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#else
#define EVEN 0, 2
#define ODD 1, 3
#endif

/* Lane k of the result is the sum of x[k]'s lanes: a tree, in which each node adds neighbours. */
static inline lanes totals(const lanes x[LANES]) {
    lanes sums[2 * LANES];
    EACH(k, LANES) sums[LANES + k] = x[k];
    EACH(done, LANES - 1) {
        int k = LANES - 1 - done;
        sums[k] = __builtin_shufflevector(sums[2 * k], sums[2 * k + 1], EVEN) +
                  __builtin_shufflevector(sums[2 * k], sums[2 * k + 1], ODD);
    }
    return sums[1];
}

/* out[e] = start + from[e] @ w for BLOCK examples; a row of w for each number of from[e].
 * Apart, so that `from` comes from memory: a load spreads a number over the lanes at no cost, while the
 * lanes of a register have to be shuffled. */
static __attribute__((noinline)) void product(row *restrict out, const row *restrict from,
                                              const row *restrict w, const row start) {
    const double(*x)[WIDTH] = (const double(*)[WIDTH])from;
    row sums[BLOCK];
    EACH(e, BLOCK) EACH(v, V) sums[e][v] = start[v];
    EACH(i, WIDTH) EACH(e, BLOCK) EACH(v, V) sums[e][v] += x[e][i] * w[i][v];
    EACH(e, BLOCK) EACH(v, V) out[e][v] = sums[e][v];
}

/* LANES examples forward and back: their hinge losses, and what they add to the gradient of all weights
 * but w2. `back` is w2 with a row for each output. */
static inline lanes group(const network *restrict net, const row *restrict back, network *restrict grad,
                          const double (*restrict x)[2], lanes label, row *restrict h1,
                          row *restrict d2) {
    row h2[LANES], d1[LANES];
    lanes dots[LANES];
    const row zero = {{0}};

    EACH(e, LANES) EACH(v, V)
        h1[e][v] = relu(net->b1[v] + x[e][0] * net->w1[0][v] + x[e][1] * net->w1[1][v]);
    for (int e = 0; e < LANES; e += BLOCK) product(h2 + e, h1 + e, net->w2, net->b2);
    EACH(e, LANES) {
        dots[e] = (lanes){0};
        EACH(v, V) h2[e][v] = relu(h2[e][v]), dots[e] += h2[e][v] * net->w3[v];
    }

    lanes margin = 1 - label * (totals(dots) + net->b3[0]);
    mask counted = (margin > 0) & (label != 0); /* examples beyond N have label 0 */
    lanes slopes = where(counted, -label / N);  /* the loss's derivative by each score */
    double slope[LANES];
    memcpy(slope, &slopes, sizeof slope);
    IN_MEMORY(slope);

    grad->b3 += slopes;
    EACH(v, V) {
        lanes w3 = grad->w3[v], b2 = grad->b2[v];
        EACH(e, LANES) {
            w3 += slope[e] * h2[e][v];
            d2[e][v] = where(h2[e][v] > 0, slope[e] * net->w3[v]);
            b2 += d2[e][v];
        }
        grad->w3[v] = w3, grad->b2[v] = b2;
    }
    for (int e = 0; e < LANES; e += BLOCK) product(d1 + e, d2 + e, back, zero);
    EACH(v, V) {
        lanes b1 = grad->b1[v], wx = grad->w1[0][v], wy = grad->w1[1][v];
        EACH(e, LANES) {
            lanes d = where(h1[e][v] > 0, d1[e][v]);
            b1 += d, wx += x[e][0] * d, wy += x[e][1] * d;
        }
        grad->b1[v] = b1, grad->w1[0][v] = wx, grad->w1[1][v] = wy;
    }
    return where(counted, margin);
}

/* The gradient of w2: each example's `hidden` times its `delta`. */
static inline void outer(network *grad) {
    for (int first = 0; first < WIDTH; first += ROWS) {
        row sums[ROWS] = {{{0}}};
        for (int e = 0; e < N; e++) {
            const double *h = (const double *)hidden[e] + first;
            EACH(i, ROWS) EACH(v, V) sums[i][v] += h[i] * delta[e][v];
        }
        memcpy(grad->w2[first], sums, sizeof sums);
    }
}

/* The gradient, and the mean of the losses. */
static double gradient(const network *net, network *grad, const double (*x)[2], const double *y) {
    row back[WIDTH];
    lanes loss = {0};
    memset(grad, 0, sizeof *grad);
    EACH(i, WIDTH) EACH(j, WIDTH) ((double *)back[j])[i] = ((const double *)net->w2[i])[j];
    for (int e = 0; e < PADDED; e += LANES) {
        lanes label;
        memcpy(&label, y + e, sizeof label);
        loss += group(net, back, grad, x + e, label, hidden + e, delta + e);
    }
    outer(grad);
    grad->b3 = (lanes){total(grad->b3)};
    return total(loss) / N;
}

/* Weights in micrograd's order, neuron by neuron, its bias last; `reading` says which way they go. */
static void exchange(network *net, double *flat, int reading) {
    double *w1[2] = {(double *)net->w1[0], (double *)net->w1[1]};
    double *b1 = (double *)net->b1, *b2 = (double *)net->b2, *w3 = (double *)net->w3;
#define NEXT(place) (reading ? (place = *flat) : (*flat = place), flat++)
    for (int j = 0; j < WIDTH; j++) NEXT(w1[0][j]), NEXT(w1[1][j]), NEXT(b1[j]);
    for (int j = 0; j < WIDTH; j++) {
        for (int i = 0; i < WIDTH; i++) NEXT(((double *)net->w2[i])[j]);
        NEXT(b2[j]);
    }
    for (int j = 0; j < WIDTH; j++) NEXT(w3[j]);
    NEXT(net->b3[0]);
#undef NEXT
}

const char *instructions(void) { return INSTRUCTIONS; }

/* `steps` steps of gradient descent on all N examples; `weights` are read, and written back. */
void train(double *weights, const double (*points)[2], const double *y, double l2, const double *rates,
           double *losses, int steps) {
    network net, grad;
    double x[PADDED][2] = {{0}}, labels[PADDED] = {0};
    memset(&net, 0, sizeof net);
    exchange(&net, weights, 1);
    memcpy(x, points, N * sizeof *x);
    memcpy(labels, y, N * sizeof *y);
    for (int step = 0; step < steps; step++) {
        double loss = gradient(&net, &grad, x, labels);
        lanes *p = (lanes *)&net, *g = (lanes *)&grad, squares = {0};
        for (int k = 0; k < VECTORS; k++) {
            squares += p[k] * p[k];
            p[k] -= rates[step] * (g[k] + 2 * l2 * p[k]);
        }
        losses[step] = loss + l2 * total(squares);
    }
    exchange(&net, weights, 0);
}
