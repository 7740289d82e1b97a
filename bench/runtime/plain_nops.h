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

/// One NOP at the next turn, `who` of whom is told its result.
void plain_ring_ask(struct plain_ring* plain, void* who);
/// Hands over what was asked for, waits for something and tells each result.
void plain_ring_turn(struct plain_ring* plain, void (*tell)(void* who, int result));

void plain_ring_close(struct plain_ring* plain);

#ifdef __cplusplus
}
#endif
