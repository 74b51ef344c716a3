// Small texts that people and machines write: quantities, times, rates, paths, certificates.
#include "intertie/core/limits.h"
#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/time.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/certificate.h"
#include "intertie/identity/path.h"

#include "fuzz_target.h"

namespace intertie::fuzz {

void take_input(std::string_view input) {
  if (const auto bytes = core::parse_bytes(input)) check(bytes->count >= 0, "bytes below 0");
  if (const auto cpus = core::parse_milli_cpus(input)) check(cpus->count >= 0, "cores below 0");
  if (const auto time = core::parse_duration(input)) check(time->count >= 0, "time below 0");
  if (const auto money = core::parse_money(input)) {
    const auto again = core::parse_money(core::to_text(*money));
    check(again && *again == *money, "money is read as it is written");
  }
  if (const auto time = core::parse_rfc3339(input)) {
    const auto again = core::parse_rfc3339(core::to_rfc3339(*time));
    check(again && *again == *time, "a time is read as it is written");
  }
  if (const auto rate = core::parse_rate(input)) {
    check(rate->ops_per_second >= 0, "a rate below 0");
    check(core::parse_rate(core::to_text(*rate)).has_value(), "a rate that was written is read");
  }
  (void)core::parse_compute_class(input);
  if (const auto path = identity::parse_path(input)) {
    const auto again = identity::parse_path(identity::to_text(*path));
    check(again && *again == *path, "a path is read as it is written");
  }
  (void)crypto::read_certificate_pem(input);
  (void)crypto::check_process_certificate(crypto::as_bytes(input), core::Time{5});
}

std::vector<std::string> make_seeds() {
  const auto certificate = crypto::create_server_certificate(
      {"hub", {"hub.example"}, {"127.0.0.1"}}, {core::Time{0}, core::Time{1'000'000}});
  check(certificate.has_value(), "the seed is a certificate");
  const auto der = crypto::convert_certificate_to_der(certificate->certificate_pem);
  return {"1.5GiB",
          "0.25",
          "1h30m250ms",
          "99999999999999999999",
          "-1",
          "2 TFLOPS fp32",
          "2026-11-22T06:30:00.5+08:00",
          "intelligent",
          "22S0-0001-0000-1QH/n1/g5",
          certificate->certificate_pem,
          std::string(crypto::as_text(*der))};
}

}  // namespace intertie::fuzz
