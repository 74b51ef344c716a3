// Jobs that wait for money, and what wakes them.
#pragma once

#include <cstdint>

#include "context.h"

namespace intertie::hub {

/// Requeues the first parked job of each of the account's shapes whose hold the account could cover
/// now; when one starts, wake_parked() brings the next of its shape. At most kShapesWokenMax.
void wake_account(Context& context, std::uint32_t account);

/// Requeues the account's first parked job of this shape, if the account could cover it now.
void wake_parked(Context& context, std::uint32_t account, std::uint32_t shape);

}  // namespace intertie::hub
