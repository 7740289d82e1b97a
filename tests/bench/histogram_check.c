// Is every percentile of the generator's histogram good to one per cent? Says what is not.
#include "histogram.h"

#include <stdio.h>
#include <string.h>

static int wrong;

static void near(const char* what, uint64_t wanted, uint64_t found) {
    uint64_t apart = wanted > found ? wanted - found : found - wanted;
    if (apart <= wanted / 100) return;
    printf("%s: %llu ns, wanted %llu\n", what, (unsigned long long)found,
           (unsigned long long)wanted);
    wrong = 1;
}

int main(void) {
    static struct histogram one, other;
    near("of none", 0, histogram_at(&one, 0.5));
    for (double ns = 1; ns < 1e10; ns = ns * 1.003 + 1) {
        memset(&one, 0, sizeof one);
        histogram_add(&one, (uint64_t)ns);
        histogram_add(&one, 20000000000);
        near("each value", (uint64_t)ns, histogram_at(&one, 0.5));
    }
    near("the highest", 20000000000, one.highest_ns);
    near("what is above ten seconds", 10000000000, histogram_at(&one, 1));
    memset(&one, 0, sizeof one);
    for (uint64_t us = 1; us <= 10000; ++us) histogram_add(us % 2 ? &one : &other, us * 1000);
    histogram_merge(&one, &other);
    near("count", 10000, one.count);
    near("lowest", 1000, histogram_at(&one, 0));
    near("p50", 5000000, histogram_at(&one, 0.5));
    near("p99.9", 9990000, histogram_at(&one, 0.999));
    near("p100", 10000000, histogram_at(&one, 1));
    return wrong;
}
