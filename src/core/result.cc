#include "intertie/core/result.h"

namespace intertie::core {

std::string to_text(const Error& error) {
  std::string text(reason_code(error.reason));
  text += ": ";
  text += reason_sentence(error.reason);
  if (!error.detail.empty()) text += " (" + error.detail + ")";
  text += ' ';
  text += reason_fix(error.reason);
  return text;
}

}  // namespace intertie::core
