package esp

// trailerLen is the length of pad length and next header.
const trailerLen = 2

// pad fills a trailer, whose length makes the plaintext a whole number of blocks (RFC 4303, Section 2.4):
//
//	| padding 1, 2, 3 ... (0-255) | pad length (1) | next header (1) |
func pad(trailer []byte, next uint8) {
	n := len(trailer) - trailerLen
	for i := range n {
		trailer[i] = byte(i + 1)
	}
	trailer[n], trailer[n+1] = byte(n), next
}

// unpad checks and takes off the trailer.
func unpad(text []byte) (payload []byte, next uint8, err error) {
	end := len(text) - trailerLen
	if end < 0 {
		return nil, 0, ErrTruncated
	}
	n := int(text[end])
	if n > end {
		return nil, 0, ErrPadding
	}
	for i, b := range text[end-n : end] {
		if b != byte(i+1) {
			return nil, 0, ErrPadding
		}
	}
	return text[:end-n], text[end+1], nil
}
