// Every limit of the product, in one place. A limit that is not here does not exist.
#pragma once

#include <cstddef>
#include <cstdint>

#include "intertie/core/quantity.h"

namespace intertie::core::limits {

// Documents
inline constexpr std::size_t document_bytes_max = 4u << 20;
inline constexpr int document_depth_max = 32;
inline constexpr std::size_t text_bytes_max = 256u << 10;
inline constexpr std::size_t list_length_max = 100'000;
// Memory that the elements of all lists and maps of one document may take: a short text such as
// [{},{},...] must not unfold into gigabytes.
inline constexpr std::size_t decoded_bytes_max = 256u << 20;
// The same for a JSON text, its tree and its texts included: so much, and so much for each of its
// bytes. What this product writes takes up to 12; half a mebibyte stays below 10 MiB.
inline constexpr std::size_t json_memory_base = 5u << 20;
inline constexpr std::size_t json_memory_per_byte = 9;

// Jobs
inline constexpr std::size_t job_name_bytes_max = 200;
inline constexpr std::size_t job_tasks_max = 8'192;
inline constexpr std::size_t job_arguments_max = 4'096;
inline constexpr std::size_t job_environment_max = 1'024;
inline constexpr std::size_t job_secrets_max = 64;
inline constexpr std::size_t job_secret_bytes_max = 64u << 10;  // Clear; all of a job together.
inline constexpr std::size_t job_tags_max = 64;
inline constexpr std::size_t path_bytes_max = 4'095;
inline constexpr std::size_t job_files_max = 1'024;
inline constexpr std::size_t jobs_per_bulk_max = 4'000;
inline constexpr std::size_t job_document_bytes_max = 512u << 10;
inline constexpr std::size_t job_tag_bytes_max = 128;
inline constexpr std::size_t job_tag_value_bytes_max = 512;
inline constexpr std::int64_t job_retries_max = 100;
inline constexpr Duration job_timeout_default = hours(1);
inline constexpr Duration job_timeout_max = hours(24 * 30);
// Disk space of a task that does not say: its inputs, and this for what it writes.
inline constexpr Bytes task_scratch_default{64LL << 20};
inline constexpr std::size_t requirement_sets_max = 100'000;
inline constexpr std::size_t jobs_waiting_max = 20'000'000;
inline constexpr std::size_t candidates_kept_max = 8;

// Sites
inline constexpr std::size_t pools_per_site_max = 256;
inline constexpr std::size_t nodes_per_pool_max = 100'000;
inline constexpr std::size_t devices_per_node_max = 64;
inline constexpr std::size_t device_groups_per_node_max = 8;
inline constexpr std::size_t device_requests_max = 4;
inline constexpr std::size_t software_per_pool_max = 1'024;
// A machine offers this part of what is free on its disk as scratch space.
inline constexpr std::int64_t scratch_free_divisor = 2;

// Money
inline constexpr std::size_t ledger_accounts_max = 10'000'000;
inline constexpr std::size_t ledger_ids_remembered_max = 65'536;
inline constexpr std::size_t postings_per_entry_max = 16;
inline constexpr std::size_t account_name_bytes_max = 200;
// A site's further disputed records are closed at once, as rejected.
inline constexpr std::size_t disputes_open_per_site_max = 1'000;

inline constexpr std::size_t finished_keys_max = 100'000;
inline constexpr std::int64_t jobs_per_owner_default = 1'000'000;
inline constexpr std::uint32_t site_faults_per_job_max = 5;

// Liveness (ARCHITECTURE.md, idea 7)
inline constexpr Duration heartbeat_interval = seconds(2);
inline constexpr Duration site_lost_after = seconds(20);
inline constexpr Duration clock_margin = seconds(5);
// Two clocks that nobody steps differ by at most one part in so many.
inline constexpr std::int64_t clock_drift_divisor = 1'000;
inline constexpr Duration clock_step_max = minutes(5);
inline constexpr Duration restart_lease = seconds(30);
inline constexpr std::uint32_t breaker_faults = 5;
inline constexpr Duration breaker_open = minutes(1);
inline constexpr Duration retry_backoff_first = seconds(1);
inline constexpr Duration retry_backoff_max = minutes(1);
inline constexpr Duration stop_grace = seconds(15);
inline constexpr Duration reservation_lifetime = seconds(60);
inline constexpr Duration usage_interval = minutes(10);

// Peers
inline constexpr std::size_t peers_max = 256;
inline constexpr Duration offer_answer_max = seconds(10);
inline constexpr Duration beacon_interval = seconds(1);
inline constexpr Duration beacon_lifetime = seconds(15);
inline constexpr std::size_t beacon_pools_max = 100'000;
// A guest's home lease (docs/decisions/0018): an owner hub lets a guest start, or run on if it may
// be restarted, for so long after its home hub has last answered.
inline constexpr Duration home_lease = seconds(60);
// An owner hub that has just started waits so long for a home hub's answer; what has not begun by
// then does not begin. Until then its site starts nothing.
inline constexpr Duration home_answer_max = seconds(10);

// Lines between regions
// What placement takes a line for that nobody has registered or measured.
inline constexpr std::int64_t line_assumed_bits_per_second = 100'000'000;
inline constexpr std::int64_t line_assumed_latency_ms = 50;
inline constexpr std::int64_t line_bits_per_second_max = 100'000'000'000'000;
inline constexpr std::int64_t line_latency_ms_max = 60'000;
inline constexpr std::int64_t line_price_micros_max = 1'000'000'000'000;  // Of 10^9 bytes.
// A measured rate counts for so long instead of the registered one.
inline constexpr Duration line_rate_fresh = minutes(10);
// What is measured is averaged over this, and is no figure before this much has come.
inline constexpr Duration line_rate_window = minutes(1);
inline constexpr std::int64_t line_sample_bytes_min = 1 << 20;
// The longest that bytes wait for their turn on a line before they are refused.
inline constexpr Duration line_wait_max = seconds(20);
// The part of a line that may be reserved; the rest is always left for what has no reservation.
inline constexpr std::int64_t line_reservable_percent = 80;
// One transfer reserves the rate at which its data has crossed in this time, but no more than this
// part of what may be reserved; and none if less than that part of its wish is left.
inline constexpr Duration line_leg_aim = seconds(60);
inline constexpr std::int64_t line_leg_divisor = 2;
inline constexpr std::int64_t line_leg_least_divisor = 8;
// Less is sent without a reservation.
inline constexpr Bytes line_leg_bytes_min{1 << 20};
// A reservation lasts this many times as long as its data needs at its rate, and this beyond.
inline constexpr std::int64_t line_leg_time_factor = 2;
inline constexpr Duration line_leg_slack = seconds(60);
inline constexpr std::size_t line_legs_max = 4'096;

// Network
inline constexpr std::size_t http_header_bytes_max = 16u << 10;
inline constexpr std::size_t http_body_bytes_max = 16u << 20;
inline constexpr std::size_t connections_max = 4'096;
inline constexpr Duration request_timeout = seconds(30);
inline constexpr Duration long_poll_max = seconds(60);
inline constexpr std::size_t page_length_default = 100;
inline constexpr std::size_t page_length_max = 1'000;
inline constexpr std::size_t http_header_fields_max = 128;
inline constexpr std::size_t http_bodies_bytes_max = 512u << 20;
inline constexpr std::size_t query_parameters_max = 64;
inline constexpr std::int64_t http_bytes_per_second_min = 4'096;
inline constexpr Duration http_read_timeout = seconds(10);
inline constexpr Duration http_idle_timeout = seconds(75);
inline constexpr Duration stream_keep_alive = seconds(10);
inline constexpr Duration stream_silence_max = seconds(30);
inline constexpr std::size_t stream_event_bytes_max = 1u << 20;
inline constexpr std::size_t stream_queue_bytes_max = 4u << 20;

// Interface
inline constexpr std::size_t relay_piece_bytes_max = 128u << 10;  // Fits text_bytes_max as base64.
inline constexpr std::size_t idempotency_key_bytes_max = 255;
inline constexpr std::size_t tokens_cached_max = 65'536;
inline constexpr std::size_t rows_per_request_max = 2'000;
inline constexpr std::size_t site_name_bytes_max = 63;
inline constexpr Duration token_lifetime_max = hours(24 * 366);
inline constexpr Duration readiness_timeout = seconds(2);
inline constexpr std::size_t event_streams_max = 256;
inline constexpr std::size_t event_streams_per_principal_max = 16;
// How far back a stream of events resumes; records beyond it are named as lost.
inline constexpr std::size_t event_resume_records_max = 1'000'000;

// Engine
inline constexpr std::size_t commands_queued_max = 100'000;
inline constexpr std::size_t batch_events_max = 20'000;
inline constexpr std::size_t outbox_rows_max = 1'000'000;
inline constexpr Duration append_retry_interval = milliseconds(200);
// Then whoever waits for the batch is told store_unavailable.
inline constexpr int append_tries_max = 10;

// Storage
// Most heads are below 300 bytes; those of a gang of job_tasks_max name every slot.
inline constexpr std::size_t log_head_bytes_max = 1u << 20;
inline constexpr std::size_t log_body_bytes_max = 4u << 20;
inline constexpr std::size_t index_key_bytes_max = 1u << 10;
inline constexpr std::size_t index_value_bytes_max = 64u << 10;
inline constexpr std::size_t index_scan_rows_max = 10'000;

// Execution
inline constexpr Bytes log_bytes_max{64LL << 20};
inline constexpr std::int64_t processes_per_task_max = 4'096;

// Trust
inline constexpr std::size_t token_bytes_max = 8u << 10;
inline constexpr std::size_t certificate_bytes_max = 64u << 10;
inline constexpr std::size_t certificate_names_max = 100;
inline constexpr std::size_t envelope_bytes_max = 512u << 10;
inline constexpr std::size_t envelope_payload_bytes_max = 180u << 10;
inline constexpr std::size_t envelope_signatures_max = 16;

// Registration records
inline constexpr std::size_t record_keys_max = 64;
inline constexpr std::size_t record_rates_max = 64;
inline constexpr std::size_t record_parts_max = 1'000;
inline constexpr std::size_t record_lines_max = 1'000;
inline constexpr std::size_t record_endpoints_max = 64;
inline constexpr std::size_t record_aliases_max = 64;
inline constexpr std::size_t record_text_bytes_max = 1u << 10;
inline constexpr std::size_t identities_cached_max = 10'000;  // Of other registries.
inline constexpr std::size_t identity_cache_bytes_max = 32u << 20;

// Measurement
inline constexpr std::size_t figures_per_statement_max = 64;
inline constexpr std::size_t measurement_name_bytes_max = 256;
inline constexpr std::int64_t measurement_threads_max = 4'096;
inline constexpr std::size_t device_kinds_max = 64;
inline constexpr std::size_t device_probe_output_bytes_max = 64u << 10;
inline constexpr Duration device_probe_timeout = seconds(30);

// Datasets
inline constexpr std::uint32_t chunk_bytes_min = 8u << 20;
inline constexpr std::uint32_t chunk_bytes_max = 16u << 20;
inline constexpr std::size_t manifest_chunks_max = 262'144;  // 4 TiB; a manifest of 8 MiB.
inline constexpr std::size_t datasets_per_owner_max = 100'000;
inline constexpr std::size_t dataset_name_bytes_max = 200;
inline constexpr std::size_t dataset_readers_max = 64;
inline constexpr std::size_t dataset_regions_max = 64;
inline constexpr std::size_t transfers_in_flight_max = 16;
inline constexpr std::int64_t transfer_bytes_per_second_min = 16 << 10;
inline constexpr Duration transfer_rate_window = seconds(20);
inline constexpr std::uint32_t transfer_failures_max = 1'000;

}  // namespace intertie::core::limits
