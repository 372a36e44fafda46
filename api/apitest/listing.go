package apitest

import (
	"context"
	"time"

	"culvert/api"
)

// OverviewOf is the overview of a status.
func OverviewOf(s *api.Status) api.Overview {
	sum := api.NewSummary(s, time.Now())
	for i := range s.SAs {
		sum.Add(&s.SAs[i])
	}
	return sum.Overview
}

// ListOf lists IKE SAs, two at a time.
func ListOf(sas []api.SA) api.Listing { return &listing{sas} }

type listing struct{ left []api.SA }

// Next implements api.Listing.
func (l *listing) Next(_ context.Context, each func(*api.SA)) (more bool, err error) {
	for n := 0; n < 2 && len(l.left) > 0; n++ {
		sa := l.left[0]
		l.left = l.left[1:]
		each(&sa)
	}
	return len(l.left) > 0, nil
}
