// The moves and destructors of events, commands and replies: compiled here alone.
#include "intertie/hub/commands.h"
#include "intertie/hub/events.h"

template class intertie::core::WideVariant<intertie::hub::EventKinds>;
template class intertie::core::WideVariant<intertie::hub::CommandKinds>;
template class intertie::core::WideVariant<intertie::hub::ReplyKinds>;
