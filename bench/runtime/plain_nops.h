// Question: what do NOPs on a ring cost without wring?
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct plain_ring;

/// A ring set up as wring's; NULL if the kernel refuses.
struct plain_ring* plain_ring_open(void);

/// `count` NOPs in one enter, up to 256. Gives how many completed.
int plain_ring_nops(struct plain_ring* plain, int count);

void plain_ring_close(struct plain_ring* plain);

#ifdef __cplusplus
}
#endif
