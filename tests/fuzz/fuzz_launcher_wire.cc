// Packets between launcher and runner, and the results kept in files.
#include "fuzz_target.h"
#include "wire.h"

namespace intertie::fuzz {

using namespace execution_runners;

void take_input(std::string_view input) {
  if (const auto call = decode_call(input)) {
    const auto again = decode_call(encode(*call));
    check(again && encode(*again) == encode(*call), "a call is read as it was written");
  }
  if (const auto tell = decode_tell(input)) {
    const auto again = decode_tell(encode(*tell));
    check(again && encode(*again) == encode(*tell), "a notice is read as it was written");
  }
  if (const auto request = decode_request(input)) {
    const auto again = decode_request(encode(*request));
    check(again && encode(*again) == encode(*request), "a request is read as it was written");
  }
  if (const auto result = decode_result(input)) {
    check(decode_result(encode_result(*result)).has_value(), "a result that was kept can be read");
  }
}

std::vector<std::string> make_seeds() {
  Call call;
  call.verb = Verb::start;
  call.key = {7, 1, 0};
  call.lease = core::seconds(60);
  call.network = "gang";
  Tell tell;
  tell.notice = Notice::ended;
  tell.result.emplace();
  execution::RunRequest request;
  request.key = {7, 1, 0};
  request.argv = {"sh", "-c", "true"};
  return {encode(call), encode(tell), encode(request), encode_result(execution::TaskResult{})};
}

}  // namespace intertie::fuzz
