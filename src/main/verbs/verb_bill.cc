// intertie bill: what was charged, recomputed from the signed usage records.
#include <map>
#include <utility>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"

#include "output/cells.h"
#include "output/for_people.h"
#include "session/hub_session.h"
#include "session/serving.h"
#include "verbs/job_number.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr core::Duration kDefaultPeriod = core::hours(24 * 30);

std::string render_sum(core::Money recomputed, core::Money ledger, bool agree,
                       const std::string& currency) {
  return "sum: " + money_text(recomputed, currency) + " by the signed usage records, " +
         money_text(ledger, currency) + " by the ledger: " + (agree ? "they agree" : "THEY DIFFER");
}

std::string render_disputes(const std::vector<api::DisputeView>& disputes,
                            const std::string& currency) {
  std::string text;
  for (const api::DisputeView& dispute : disputes) {
    text += "\ndisputed: record of attempt " + std::to_string(dispute.attempt);
    if (dispute.claimed_micros) text += ", " + money_text(*dispute.claimed_micros, currency);
    text += ", " + dispute.detail + ": ";
    if (dispute.state == api::DisputeState::open) text += "not charged, not decided";
    if (dispute.state == api::DisputeState::rejected) text += "rejected, not charged";
    if (dispute.state == api::DisputeState::accepted) {
      text += "accepted, " + money_text(dispute.paid_micros, currency) + " paid";
    }
  }
  return text;
}

Outcome show_job_bill(const api::JobBillView& bill, const std::string& currency,
                      const Terminal& terminal) {
  Listing listing;
  listing.columns = {{"record", "RECORD"},
                     {"site", "SITE"},
                     {"from", "FROM"},
                     {"microseconds", "TIME", Align::right},
                     {"milli_cpus", "CPUS", Align::right},
                     {"memory_bytes", "MEMORY", Align::right},
                     {"devices", "DEVICES", Align::right},
                     {"recomputed_micros", "CHARGE", Align::right},
                     {"verified", "SIGNATURE"},
                     {"region", "REGION"}};
  const core::Time now = read_clock();
  for (const api::BillRecordView& record : bill.records) {
    listing.rows.push_back(
        {Cell(std::to_string(bill.job) + "." + std::to_string(record.attempt) + "." +
              std::to_string(record.number)),
         Cell(record.site), Cell(relative_time(record.from, now), core::to_rfc3339(record.from)),
         Cell(short_duration(record.to - record.from),
              std::to_string((record.to - record.from).count)),
         Cell(core::to_text(record.milli_cpus), std::to_string(record.milli_cpus.count)),
         Cell(short_bytes(record.memory_bytes), std::to_string(record.memory_bytes.count)),
         Cell(std::to_string(record.devices)), money_cell(record.recomputed_micros, currency),
         Cell(record.is_verified ? "verified" : "NOT: " + record.problem,
              record.is_verified ? "true" : "false"),
         Cell(record.region)});
  }
  listing.sum = render_sum(bill.recomputed_micros, bill.ledger_micros, bill.agree, currency) +
                render_disputes(bill.disputes, currency);
  boost::json::value object = codec::encode(bill);
  if (terminal.is_json()) {
    terminal.show_object(object, "", std::to_string(bill.job));
  } else {
    terminal.show(listing, {}, "Nothing was used yet.");
  }
  return bill.agree ? kDone : kFailed;
}

Outcome show_bill(const api::BillView& bill, const Terminal& terminal) {
  Listing listing;
  listing.columns = {{"job", "JOB", Align::right},
                     {"name", "NAME"},
                     {"account", "ACCOUNT"},
                     {"records", "RECORDS", Align::right},
                     {"recomputed_micros", "CHARGE", Align::right},
                     {"ledger_micros", "LEDGER", Align::right},
                     {"agree", "AGREE"}};
  // Newest last: the sum stands below what was just done.
  for (auto job = bill.jobs.rbegin(); job != bill.jobs.rend(); ++job) {
    listing.rows.push_back({Cell(std::to_string(job->job)), Cell(job->name), Cell(job->account),
                            Cell(std::to_string(job->records.size())),
                            money_cell(job->recomputed_micros, bill.currency),
                            money_cell(job->ledger_micros, bill.currency),
                            Cell(job->agree ? "yes" : "NO", job->agree ? "true" : "false")});
  }
  listing.sum = render_sum(bill.recomputed_micros, bill.ledger_micros, bill.agree, bill.currency);
  std::int64_t disputed = 0;
  for (const api::JobBillView& job : bill.jobs) disputed += job.records_disputed;
  if (disputed > 0) {
    listing.sum += "\ndisputed records: " + std::to_string(disputed) + "; intertie ledger disputes";
  }
  if (terminal.format() == Format::jsonl) {
    boost::json::array objects;
    for (const api::JobBillView& job : bill.jobs) objects.push_back(codec::encode(job));
    terminal.show(listing, objects, "");
  } else if (terminal.is_json()) {
    terminal.show_object(codec::encode(bill), "", "");
  } else {
    terminal.show(listing, {}, "Nothing was used in this time.");
  }
  return bill.agree ? kDone : kFailed;
}

std::string make_payment_key(const api::PaymentView& payment) {
  return payment.payer_region + "\t" + payment.payer + "\t" + payment.region + "\t" + payment.site;
}

// All pages as one: sums, and who paid whom.
core::Result<api::BillView> read_payments(HubSession& session, api_client::BillQuery query) {
  std::map<std::string, api::PaymentView> payments;
  api::BillView whole;
  whole.agree = true;
  do {
    const core::Result<api::BillView> page = session.client().get_bill(query);
    if (!page) return page.error();
    for (const api::PaymentView& payment : page->payments) {
      const auto [row, is_new] = payments.try_emplace(make_payment_key(payment), payment);
      if (is_new) continue;
      row->second.records += payment.records;
      row->second.recomputed_micros += payment.recomputed_micros;
      row->second.ledger_micros += payment.ledger_micros;
    }
    whole.recomputed_micros += page->recomputed_micros;
    whole.ledger_micros += page->ledger_micros;
    whole.agree = whole.agree && page->agree;
    whole.currency = page->currency;
    query.after = page->next;
  } while (query.after);
  for (auto& [key, payment] : payments) whole.payments.push_back(std::move(payment));
  return whole;
}

// What sites of a region were paid, whoever paid.
std::string render_incomes(const api::BillView& bill) {
  std::map<std::string, core::Money> incomes;
  for (const api::PaymentView& payment : bill.payments) {
    incomes[payment.region] += payment.recomputed_micros;
  }
  std::string text;
  for (const auto& [region, income] : incomes) {
    text += "region " + region + " earned " + money_text(income, bill.currency) + "\n";
  }
  return text;
}

Outcome show_payments(const api::BillView& bill, const Terminal& terminal) {
  Listing listing;
  listing.columns = {{"payer_region", "FROM REGION"},
                     {"payer", "PAYER"},
                     {"region", "TO REGION"},
                     {"site", "SITE"},
                     {"records", "RECORDS", Align::right},
                     {"recomputed_micros", "CHARGE", Align::right},
                     {"ledger_micros", "LEDGER", Align::right}};
  boost::json::array objects;
  for (const api::PaymentView& payment : bill.payments) {
    listing.rows.push_back({Cell(payment.payer_region), Cell(payment.payer), Cell(payment.region),
                            Cell(payment.site), Cell(std::to_string(payment.records)),
                            money_cell(payment.recomputed_micros, bill.currency),
                            money_cell(payment.ledger_micros, bill.currency)});
    objects.push_back(codec::encode(payment));
  }
  listing.sum = render_incomes(bill) +
                render_sum(bill.recomputed_micros, bill.ledger_micros, bill.agree, bill.currency);
  terminal.show(listing, objects, "Nothing was used in this time.");
  return bill.agree ? kDone : kFailed;
}

}  // namespace

Outcome run_bill(const Invocation& invocation, const Terminal& terminal) {
  const core::Time now = read_clock();
  api_client::BillQuery query;
  query.from = now - kDefaultPeriod;
  for (const std::string_view option : {"from", "to"}) {
    const auto text = invocation.find(option);
    if (!text) continue;
    const core::Result<core::Time> time = core::parse_rfc3339(*text);
    if (!time) {
      return make_complaint(
          {core::Reason::bad_argument, "--" + std::string(option) + ": " + time.error().detail});
    }
    (option == "from" ? query.from : query.to) = *time;
  }
  core::Result<std::uint64_t> job = std::uint64_t{0};
  if (!invocation.operands.empty()) job = parse_job(invocation.operands[0]);
  if (!job) return make_complaint(job.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (*job != 0) {
    const core::Result<api::JobBillView> bill = session->client().get_job_bill(*job);
    if (!bill) return session->complain(bill.error(), "intertie jobs lists yours");
    return show_job_bill(*bill, session->currency(), terminal);
  }
  if (const auto owner = invocation.find("owner")) query.owner = std::string(*owner);
  if (invocation.has("by")) {
    const core::Result<api::HubView> hub = session->client().get_hub();
    if (!hub) return session->complain(hub.error());
    if (!query.owner && hub->role == hub::Role::operator_) query.owner = "*";
    const core::Result<api::BillView> payments = read_payments(*session, query);
    if (!payments) return session->complain(payments.error());
    return show_payments(*payments, terminal);
  }
  const core::Result<api::BillView> bill = session->client().get_bill(query);
  if (!bill) return session->complain(bill.error());
  return show_bill(*bill, terminal);
}

}  // namespace intertie::cli
