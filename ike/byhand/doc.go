// Package byhand holds the engine against a second reading of the documents: an initiator that encodes, encrypts and derives
// by itself, from the texts of RFC 7296, RFC 8784, RFC 9242, RFC 9370, RFC 9867 and the downgrade prevention, and shares no code with
// the packages below the engine. The package has tests only.
package byhand
