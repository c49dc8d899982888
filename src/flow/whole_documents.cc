#include "flow/whole_documents.h"

#include <algorithm>

#include "json/scan.h"

namespace sluice {
namespace {

struct Tools {
  std::unique_ptr<Decoder> decoder;
  json::Scanner scanner;
  std::vector<Span> spans;
  std::vector<SetAside> bad;
};

// One document on its way. Its records go into the batch step after step; where the batch may take
// no more they are only proved from there on, so that the document is still good or bad as a whole.
class Decoding {
 public:
  Decoding(DecodeDocuments& work, DecodedDocument& doc, Tools& tools, Scratch& scratch)
      : work_(work), doc_(doc), tools_(tools), scratch_(scratch), window_(doc.room_bytes) {}

  void run() {
    tools_.decoder->reset();
    doc_.batch.document = doc_.number;
    doc_.batch.charge = std::move(doc_.room);
    const auto end = decode();
    doc_.inflated = tools_.decoder->inflated();
    if (end.ok() && *end == End::too_large) return take_back(DecodedDocument::Fate::too_large);
    if (end.ok() && !fault_ && many_) return take_back(DecodedDocument::Fate::many);
    if (work_.envelopes) {
      doc_.envelope = gatherer_.envelope(doc_.number, *tools_.decoder);
      if (!end.ok()) doc_.envelope->fault = end.error().message;
    }
    if (!end.ok()) return spoil(tools_.decoder->bad_offset(), end.error().message);
    if (fault_) {
      spoil(fault_->offset,
            "not JSON at byte " + std::to_string(fault_->offset) + ": " + fault_->reason);
      if (doc_.envelope) doc_.envelope->fault = doc_.why.reason;
      return;
    }
    doc_.warnings = tools_.decoder->warnings();
    doc_.batch.storage.push_back(std::move(window_));
    if (auto lost = tools_.decoder->rest_lost()) {
      cut_off({tools_.decoder->bad_offset(), std::move(*lost)});
    }
    doc_.raw = Chunk();
  }

 private:
  enum class End : uint8_t { whole, too_large };

  // All of the document, into the window.
  Result<End> decode() {
    std::string_view input = doc_.raw.bytes.view();
    for (;;) {
      tools_.spans.clear();
      tools_.bad.clear();
      const DecodeStep step =
          TRY(tools_.decoder->step(input, true, window_, tools_.spans, tools_.bad));
      if (work_.envelopes) gatherer_.add(window_.view(), tools_.spans, tools_.bad);
      take();
      if (step.next == DecodeStep::Next::finished) return End::whole;
      if (step.next == DecodeStep::Next::more_input) {
        return Error{ErrorKind::corrupt, "ends in the middle"};
      }
      const bool moved = !tools_.spans.empty() || !tools_.bad.empty();
      if (!moved && window_.room() == 0) return End::too_large;
    }
  }

  // The records of a step.
  void take() {
    if (fault_ || doc_.batch.failure) return;
    const Decoder& decoder = *tools_.decoder;
    std::span<const Span> spans = tools_.spans;
    if (!many_) {
      const Sliced sliced{window_.view(), decoder.window_offset(), spans, tools_.bad};
      Refined refined = refine({work_.recipe, work_.unit, *doc_.document, decoder.spoils(),
                                decoder.json(), &work_.cancelled, Turn::ahead},
                               sliced, doc_.batch, scratch_);
      fault_ = std::move(refined.fault);
      if (fault_ || doc_.batch.failure) return;
      spans = spans.subspan(refined.done);
      many_ = !spans.empty() || refined.bad_done < tools_.bad.size();
    }
    if (many_ && decoder.json() && decoder.spoils() == Spoils::document) prove(spans);
  }

  void prove(std::span<const Span> spans) {
    for (const Span& span : spans) {
      if (tools_.scanner.scan(span.of(window_.view()))) continue;
      const json::Fault& fault = tools_.scanner.fault();
      const uint64_t at = tools_.decoder->window_offset() + span.begin;
      fault_ = DocumentFault{at + fault.offset, std::string(fault.reason)};
      return;
    }
  }

  // The document comes once more, another way.
  void take_back(DecodedDocument::Fate fate) {
    doc_.fate = fate;
    doc_.batch = Batch();
  }

  void spoil(uint64_t offset, std::string reason) {
    doc_.fate = DecodedDocument::Fate::bad;
    doc_.why = {.document = doc_.document->name,
                .offset = offset,
                .bytes = doc_.raw.bytes.size(),
                .reason = std::move(reason),
                .whole = true};
    Batch batch;
    batch.document = doc_.number;
    keep_copy(batch);
    // Covers the copy, which is no longer than a few of the document.
    batch.charge = std::move(doc_.batch.charge);
    doc_.batch = std::move(batch);
  }

  // Its records stand.
  void cut_off(const DocumentFault& fault) {
    doc_.fate = DecodedDocument::Fate::partial;
    doc_.why = partial(*doc_.document, doc_.batch.text_records, fault);
    doc_.why.bytes = doc_.raw.bytes.size();
    keep_copy(doc_.batch);
  }

  // A copy of the document as it came, behind its records.
  void keep_copy(Batch& batch) const {
    if (!work_.recipe.set_aside_place) return;
    const std::string& name = *work_.recipe.set_aside_place;
    std::string line =
        set_aside_line(work_.recipe.secrets, doc_.why, doc_.document->name, doc_.raw.bytes.view());
    auto place = std::find(batch.places.begin(), batch.places.end(), name);
    if (place == batch.places.end()) place = batch.places.insert(place, name);
    batch.records.push_back({.text = batch.texts.add(line),
                             .place = static_cast<uint32_t>(place - batch.places.begin()),
                             .copy_of_set_aside = true});
  }

  DecodeDocuments& work_;
  DecodedDocument& doc_;
  Tools& tools_;
  Scratch& scratch_;
  Buffer window_;
  EnvelopeGatherer gatherer_;
  std::optional<DocumentFault> fault_;
  bool many_ = false;
};

}  // namespace

void DecodeDocuments::run(Scratch& scratch) {
  Tools& tools = scratch.get<Tools>(recipe.key + (1ULL << 63), [&] {
    return Tools{decoders.make(), json::Scanner(), {}, {}};
  });
  for (DecodedDocument& doc : documents) {
    Decoding(*this, doc, tools, scratch).run();
    inflated += doc.inflated;
  }
  tools.decoder->reset();
  state.release();
}

}  // namespace sluice
