// A hub in which everybody has something: its own users, a provider and an operator, another
// provider's site, another region's hub with a guest job, and a third hub.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "intertie/transfer/grant.h"

#include "access_rows.h"
#include "route.h"
#include "two_regions.h"

namespace intertie::adversarial {

enum class Whose : std::uint8_t { own, other, tenant };

class AccessWorld {
 public:
  /// The user ada of region 22, as this hub's store calls her.
  static std::string name_tenant() { return transfer::to_text(transfer::RegionUser{"22", "ada"}); }

  AccessWorld();

  api::ApiWorld& hub() { return grid_.owner; }

  /// What nobody but its owner (and operators) may meet in an answer.
  static std::string make_mark(std::string_view owner) {
    std::string mark = "mark-of-" + std::string(owner);
    std::replace(mark.begin(), mark.end(), '/', '-');
    return mark;
  }

  /// The request of the cell. `caller`: a principal, or empty for nobody.
  api::Request make_user_request(const api::Route& route, const AccessRow& row,
                                 const std::string& caller, Whose whose);

  enum class Party : std::uint8_t { nobody, stranger, site, peer };
  api::Request make_site_request(const api::Route& route, const AccessRow& row, Party party,
                                 Whose whose);

  api::Response send_user(api::Request request) { return hub().send(std::move(request)); }
  api::Response send_site(api::Request request);

  /// The index of the log's last record: an unchanged one means that nothing was done.
  std::uint64_t last_index() { return hub().backend.reader().read_last()->index; }

 private:
  struct Data {
    std::string root;   // 64 hexadecimal digits.
    std::string whole;  // "sha256:..."
    std::string content;
    std::string manifest;
  };

  Data put_data(const std::string& owner, const std::string& content);
  void submit_marked(const std::string& owner);
  std::string name_owner(const std::string& caller, Whose whose) const;
  std::string find_value(std::string_view parameter, const AccessRow& row,
                         const std::string& caller, Whose whose) const;
  std::string find_body(const api::Route& route, const AccessRow& row, const std::string& caller,
                        Whose whose);
  std::string find_site_body(const api::Route& route, bool is_own);
  void add_query(api::Request& request, const api::Route& route, const AccessRow& row,
                 const std::string& owner) const;

  api::TwoRegions grid_;
  api::ApiWorld third_{"52R0000000000000", "52", 29};
  api::ApiWorld::Site mill_;
  std::map<std::string, std::uint64_t> jobs_;  // By owner.
  std::map<std::string, Data> data_;           // By owner.
  std::uint64_t offer_ = 0;                    // Home's, committed.
  std::uint64_t guest_ = 0;
  std::uint64_t site_job_ = 0;   // Runs at beta.
  std::uint64_t other_job_ = 0;  // Runs at the mill's site.
  std::uint64_t dispute_ = 0;
  std::string clearing_;
};

}  // namespace intertie::adversarial
