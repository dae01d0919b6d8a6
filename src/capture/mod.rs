//! Takes records, writes them to the transcript and feeds the decoders; reads transcripts back.
