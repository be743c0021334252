// Parking a model: its calls are kept out, its threads asleep, then its pool is parked.
#pragma once

#include "asleep.hpp"
#include "edgepool.h"

namespace ep {

/** Parks at once, without a look at calls and threads. `sleepers`: where its threads sleep. For who
 *  has seen to it that the model is idle, and has closed its gate. */
int32_t park_idle(ep_model* model, const std::vector<Sleeper>& sleepers, ep_error* error);

/** Nothing of a model that is away will come back: its threads are ended, its pool is empty and
 *  nothing of it is left to be deleted. What its delegate has in the runtime's pool stays there. */
void forget_away(ep_model* model);

}  // namespace ep
