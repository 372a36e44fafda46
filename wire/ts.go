package wire

import "errors"

var errNoSelectors = errors.New("no traffic selector")

// TS is a TSi or TSr payload (RFC 7296, Section 3.13):
//
//	| number of selectors (1) | RESERVED (3) | selectors ... |
type TS struct {
	Payload   PayloadType // PayloadTSi or PayloadTSr
	Selectors []TrafficSelector
}

// Type returns PayloadTSi or PayloadTSr.
func (t *TS) Type() PayloadType { return t.Payload }

func parseTS(kind PayloadType, b []byte) (*TS, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	count, b := int(b[0]), b[4:]
	switch {
	case count == 0:
		return nil, errNoSelectors
	case len(b) < count*selectorLen:
		return nil, errShort
	}
	t := &TS{Payload: kind, Selectors: make([]TrafficSelector, count)}
	for i := range t.Selectors {
		rest, err := t.Selectors[i].parse(b)
		if err != nil {
			return nil, err
		}
		b = rest
	}
	if len(b) != 0 {
		return nil, errLength
	}
	return t, nil
}

func (t *TS) appendBody(b []byte) []byte {
	b = append(b, byte(len(t.Selectors)), 0, 0, 0)
	for i := range t.Selectors {
		b = t.Selectors[i].append(b)
	}
	return b
}
