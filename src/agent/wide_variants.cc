// The moves and destructors of events and commands: compiled here alone.
#include "intertie/agent/commands.h"
#include "intertie/agent/events.h"

template class intertie::core::WideVariant<intertie::agent::EventKinds>;
template class intertie::core::WideVariant<intertie::agent::CommandKinds>;
