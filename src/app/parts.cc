#include "app/parts.h"

#include "app/api_source.h"
#include "app/s3_words.h"
#include "base/time.h"
#include "codec/auto_records.h"
#include "codec/csv.h"
#include "codec/gzip_encoder.h"
#include "codec/json_document.h"
#include "codec/lines.h"
#include "codec/plain_encoder.h"
#include "codec/zstd_encoder.h"
#include "flow/lake_words.h"
#include "flow/output_names.h"
#include "sink/lake.h"
#include "source/http_pages.h"
#include "source/objects.h"
#include "source/program.h"
#include "source/replay.h"
#include "transform/cast.h"
#include "transform/drop.h"
#include "transform/edit_pass.h"
#include "transform/exec.h"
#include "transform/filter.h"
#include "transform/flatten.h"
#include "transform/jq.h"
#include "transform/rename.h"
#include "transform/set.h"
#include "transform/stringify.h"

namespace sluice {

namespace {

// S3's words are known here alone: neither sources nor the lake have heard of it.
PartDoc with(PartDoc doc, FieldDoc words) {
  doc.fields.push_back(std::move(words));
  return doc;
}

// Of a source that needs nothing of the world.
MakeSource by_its_words(Result<std::unique_ptr<SourceMaker>> (*make)(const Settings&)) {
  return [make](const Settings& settings, const PartContext&) { return make(settings); };
}

// An inventory's files are CSV without a header. A row has a key of at most 1,024 bytes, encoded.
std::unique_ptr<DecoderMaker> rows_of_inventory(std::vector<std::string> columns) {
  CsvDialect dialect{.header = CsvDialect::Header::none, .columns = std::move(columns)};
  dialect.record_max = 64 << 10;
  return make_csv_decoders(std::move(dialect), {.record_max = 64 << 10});
}

// What a run would find out only once a unit is claimed.
Status check_share(const Job& job, const Encoder& encoder) {
  const uint64_t least = sink_share_bytes_min_of(encoder);
  if (job.sink_share_bytes >= least) return {};
  return job.sink.error_at("share", "share: " + print_bytes(job.sink_share_bytes) +
                                        " is too small for format " + job.format.name() +
                                        " as it is set, whose compressor takes memory of its own: "
                                        "at least " +
                                        print_bytes(least) + ", or a lower level");
}

}  // namespace

const Catalog& all_parts() {
  static const Catalog catalog = [] {
    Catalog parts;
    parts.add(with(objects_doc(), s3_words_of_source()),
              [](const Settings& settings, const PartContext& context) {
                return make_objects(settings, context, rows_of_inventory);
              });
    parts.add(http_pages_doc(), make_api_source);
    parts.add(replay_doc(), by_its_words(make_replay));
    parts.add(exec_source_doc(), by_its_words(make_exec_source));
    parts.add(stdin_source_doc(), by_its_words(make_stdin_source));
    parts.add(auto_records_doc(), make_auto_records);
    parts.add(json_document_doc(), make_json_document);
    parts.add(json_lines_doc(), make_json_lines);
    parts.add(raw_lines_doc(), make_raw_lines);
    parts.add(csv_doc(), make_csv);
    parts.add(set_doc(), make_set);
    parts.add(drop_doc(), make_drop);
    parts.add(rename_doc(), make_rename);
    parts.add(stringify_doc(), make_stringify);
    parts.add(filter_doc(), make_filter);
    parts.add(cast_doc(), make_cast);
    parts.add(flatten_doc(), make_flatten);
    parts.add(exec_doc(), make_exec);
    parts.add(jq_doc(), make_jq);
    parts.add(gzip_encoder_doc(), make_gzip_format);
    parts.add(zstd_encoder_doc(), make_zstd_format);
    parts.add(plain_encoder_doc(), make_plain_format);
    parts.add(with(lake_words(), s3_words_of_lake()), MakeSink());
    return parts;
  }();
  return catalog;
}

Result<JobParts> make_parts(const Job& job, Stores& stores) {
  JobParts parts;
  // The source first: where it can't be opened, no lake is made.
  parts.source = TRY(job.source.part()->make_source(job.source, {stores, job.secrets, job.zone}));
  TRY(stores.open_lake(job));
  parts.lake = &stores.lake();
  parts.lake_prefix = stores.lake_prefix();
  parts.state = &stores.state();
  parts.state_prefix = stores.state_prefix();
  TRY(check_stream(job, *parts.source));
  parts.decoder = TRY(job.decode.part()->make_decoder(job.decode));
  if (const auto& wanted = parts.source->traits().envelope;
      wanted && !wanted->empty() && !parts.decoder->want_envelope(*wanted)) {
    return Error{ErrorKind::invalid, "decode: " + job.decode.name() +
                                         " has nothing beside its records, but the source looks "
                                         "for " +
                                         json::to_string(wanted->front()) +
                                         " there: say json, or find the next page another way"};
  }
  for (const Settings& transform : job.transforms) {
    parts.recipe.transforms.push_back(TRY(transform.part()->make_transform(transform)));
  }
  parts.recipe.place = job.names.place();
  parts.recipe.identity = job.dedupe;
  parts.recipe.record_max = job.record_bytes_max;
  if (const auto& incremental = parts.source->traits().incremental) {
    if (!parts.decoder->make()->json()) {
      return Error{ErrorKind::invalid, "source: incremental: decode: " + job.decode.name() +
                                           " gives no JSON, so no " +
                                           json::to_string(incremental->field)};
    }
    parts.recipe.cursor_field = incremental->field;
  }
  parts.recipe.path_names = parts.source->traits().path_names;
  for (const auto& transform : parts.recipe.transforms) {
    TRY(transform->use_paths(parts.recipe.path_names));
  }
  join_edits(parts.recipe.transforms);
  parts.recipe.place_if_missing = job.place_if_missing;
  if (job.keep_set_aside)
    parts.recipe.set_aside_place = std::string(copies_folder) + job.name + "/";
  parts.recipe.secrets = job.secrets;
  parts.recipe.count_fields = job.watch_drift && !parts.source->traits().goes_on();
  parts.encoder = TRY(job.format.part()->make_encoder(job.format));
  TRY(check_share(job, *parts.encoder));
  parts.sink = make_lake_sink({.store = *parts.lake,
                               .prefix = parts.lake_prefix,
                               .names = job.names,
                               .encoder = *parts.encoder,
                               .set_aside_place = parts.recipe.set_aside_place,
                               .roll_bytes = job.roll_bytes,
                               .roll_records = job.roll_records,
                               .dedupe = job.dedupe.has_value()});
  return parts;
}

}  // namespace sluice
