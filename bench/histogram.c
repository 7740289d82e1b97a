// Question: how are latencies kept, so that every percentile is good to one per cent?
//
// Buckets are as wide as a 128th of the power of two below them. Values under 256 ns have one each.
#include "histogram.h"

enum { PART_BITS = 7, PARTS = 1 << PART_BITS };
static const uint64_t LIMIT_NS = 10000000000;

static unsigned bucket_of(uint64_t ns) {
    if (ns > LIMIT_NS) ns = LIMIT_NS;
    unsigned highest_bit = 63 - (unsigned)__builtin_clzll(ns | 1);
    unsigned shift = highest_bit > PART_BITS ? highest_bit - PART_BITS : 0;
    return (shift << PART_BITS) + (unsigned)(ns >> shift);
}

static uint64_t middle_of(unsigned bucket) {
    unsigned shift = bucket < 2 * PARTS ? 0 : (bucket >> PART_BITS) - 1;
    uint64_t lowest = (uint64_t)(bucket - (shift << PART_BITS)) << shift;
    return lowest + ((UINT64_C(1) << shift) >> 1);
}

void histogram_add(struct histogram* histogram, uint64_t ns) {
    ++histogram->counts[bucket_of(ns)];
    ++histogram->count;
    if (ns > histogram->highest_ns) histogram->highest_ns = ns;
}

void histogram_merge(struct histogram* histogram, const struct histogram* other) {
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; ++i) histogram->counts[i] += other->counts[i];
    histogram->count += other->count;
    if (other->highest_ns > histogram->highest_ns) histogram->highest_ns = other->highest_ns;
}

uint64_t histogram_at(const struct histogram* histogram, double share) {
    double wanted = share * (double)histogram->count;
    uint64_t below = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; ++i) {
        below += histogram->counts[i];
        if (below == 0 || (double)below < wanted) continue;
        uint64_t middle = middle_of(i);
        return middle < histogram->highest_ns ? middle : histogram->highest_ns;
    }
    return histogram->highest_ns;
}
