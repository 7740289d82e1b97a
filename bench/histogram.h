// Question: how are latencies kept, so that every percentile is good to one per cent?
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// 128 buckets for each doubling, from one nanosecond to ten seconds.
enum { HISTOGRAM_BUCKETS = 3584 };

/// Starts as zeros. The highest value is kept as it was, beyond ten seconds too.
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t count, highest_ns;
};

void histogram_add(struct histogram* histogram, uint64_t ns);

/// Adds all that is in the other one.
void histogram_merge(struct histogram* histogram, const struct histogram* other);

/// The value that this share of all do not exceed, in ns; 0 of none.
uint64_t histogram_at(const struct histogram* histogram, double share);

#ifdef __cplusplus
}
#endif
