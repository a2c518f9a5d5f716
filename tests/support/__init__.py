"""What the tests stand on: throw-away servers, a settable clock, people with telling names, a phone."""
