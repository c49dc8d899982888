// The part `objects` as a job file knows it, and its listing alone. The source itself is in
// objects.cc.
#include <algorithm>
#include <utility>

#include "flow/outside.h"
#include "flow/settings.h"
#include "source/lister.h"
#include "source/objects.h"
#include "store/open.h"

namespace sluice {
namespace {

class ObjectsMaker : public SourceMaker {
 public:
  ObjectsMaker(Store& store, PathPattern pattern, TimeZone zone, MakeListing listing)
      : SourceMaker({.lists = true, .path_names = pattern.names()}),
        store_(store),
        pattern_(std::move(pattern)),
        zone_(std::move(zone)),
        listing_(std::move(listing)) {}

  Result<std::unique_ptr<Source>> open(SourceContext context) const override {
    return make_objects_source(store_, TRY(pattern_.bind(context.unit, zone_)), context, listing_);
  }
  Status list(const UnitNames& unit, const std::function<void(const Document&)>& each,
              PlannedInput& planned) const override {
    planned =
        TRY(list_objects(store_, TRY(pattern_.bind(unit, zone_)), UINT64_MAX, each, listing_));
    return {};
  }

 private:
  Store& store_;
  const PathPattern pattern_;
  const TimeZone zone_;
  const MakeListing listing_;
};

}  // namespace

const PartDoc& objects_doc() {
  static const PartDoc doc = {
      .name = "objects",
      .role = Role::source,
      .summary =
          "Objects of a bucket or files of a directory, found along a path. They are read "
          "in the order of their keys, many at once.",
      .fields = {{.name = "url",
                  .type = FieldType::pattern,
                  .help =
                      "Where they are. One that ends in / means everything below it. {path.x} is "
                      "one segment of the path, {path.x:o-*} one that matches, [ ] may be there or "
                      "not, {unit:%Y/%m/%d} is filled in for each unit. Sluice's own folders below "
                      "it (_sluice/, .sluice/) are left out.",
                  .required = true},
                 {.name = "inventory",
                  .help =
                      "The manifest.json of an S3 Inventory of that bucket (CSV), instead of a "
                      "listing: for buckets of very many objects. What was made since isn't seen, "
                      "what was deleted since is set aside. Its keys must be in order, or few "
                      "enough to be sorted in memory. Each unit reads it all.",
                  .example = "\"s3://inventories/logs/all/2024-02-09T01-00Z/manifest.json\"",
                  .says = Says::how}},
      .example =
          "source:\n"
          "  objects: \"s3://logs/AWSLogs/[{path.org:o-*}/]{path.account}/CloudTrail/"
          "{path.region}/{unit:%Y/%m/%d}/\"\n"};
  return doc;
}

namespace {

Result<MakeListing> listing_of(const Settings& settings, const PartContext& context,
                               const PathPattern& pattern, MakeRows rows) {
  if (!settings.has("inventory")) return MakeListing(make_lister);
  const std::string& url = settings.text("inventory");
  const auto where = parse_store_url(url);
  if (!where.ok() || where->scheme != StoreScheme::s3 || !where->prefix.ends_with(".json"))
    return settings.error_at("inventory",
                             "the manifest.json of an S3 Inventory was expected: "
                             "s3://<bucket>/<prefix>/<time>/manifest.json");
  Store& store = *TRY(context.outside.open_to_read(url, settings, "inventory"));
  const StoreUrl objects = TRY(parse_store_url(pattern.store()));
  const std::string bucket = objects.scheme == StoreScheme::s3 ? objects.root : "";
  return inventory_listing({store, Key(where->prefix), bucket, std::move(rows)});
}

}  // namespace

Result<std::unique_ptr<SourceMaker>> make_objects(const Settings& settings,
                                                  const PartContext& context, MakeRows rows) {
  const PathPattern& pattern = settings.pattern("url");
  Store& store = *TRY(context.outside.open_to_read(pattern.store(), settings, "source"));
  MakeListing listing = TRY(listing_of(settings, context, pattern, std::move(rows)));
  return make_objects_source_maker(store, pattern, context.zone, std::move(listing));
}

std::unique_ptr<SourceMaker> make_objects_source_maker(Store& store, PathPattern pattern,
                                                       TimeZone zone, MakeListing listing) {
  return std::make_unique<ObjectsMaker>(store, std::move(pattern), std::move(zone),
                                        std::move(listing));
}

Result<PlannedInput> list_objects(Store& store, const BoundPattern& pattern, uint64_t limit,
                                  const std::function<void(const Document&)>& each,
                                  const MakeListing& listing) {
  InFlight in_flight(4 * Lister::lists_beside_reads_max);
  Budget pages(8 * Lister::ahead_bytes_max);
  Inbox inbox;
  TicketSeries tickets;
  const auto lister = listing(pattern, {store, in_flight, pages, inbox, tickets});
  const std::string store_name = store.name();
  PlannedInput planned;
  for (;;) {
    lister->start_what_fits();
    while (planned.documents < limit) {
      auto found = lister->take();
      if (!found) break;
      const Document document = make_document(planned.documents++, std::move(*found), store_name);
      planned.bytes += document.bytes;
      each(document);
    }
    if (lister->error() || planned.documents == limit) lister->stop();
    lister->start_what_fits();  // What was taken has made room.
    const bool enough = lister->error() || planned.documents == limit;
    if (lister->open() == 0 && (enough || lister->ended())) break;
    lister->on(*inbox.wait());
  }
  if (lister->error()) return *lister->error();
  planned.listings = lister->lists();
  return planned;
}

Result<std::vector<Document>> first_documents(Store& store, const BoundPattern& pattern,
                                              uint64_t count) {
  std::vector<Document> first;
  TRY(list_objects(store, pattern, count,
                   [&](const Document& document) { first.push_back(document); }));
  return first;
}

}  // namespace sluice
