package top

import (
	"cmp"
	"slices"

	"culvert/api"
)

// An order is by what connections are sorted.
type order uint8

const (
	byConfiguration order = iota
	byName
	byState
	byTraffic
	orders
)

// String names the order.
func (o order) String() string {
	return [...]string{"configuration", "name", "state", "traffic"}[o]
}

func (o order) sort(list []api.Connection, m *Model) {
	switch o {
	case byName:
		slices.SortStableFunc(list, func(a, b api.Connection) int { return cmp.Compare(a.Name, b.Name) })
	case byState:
		slices.SortStableFunc(list, func(a, b api.Connection) int { return cmp.Compare(urgency(a), urgency(b)) })
	case byTraffic:
		slices.SortStableFunc(list, func(a, b api.Connection) int { return cmp.Compare(m.traffic(b.Name), m.traffic(a.Name)) })
	}
}

// urgency puts what fails first.
func urgency(c api.Connection) int {
	switch {
	case c.State == api.Waiting || c.LastFailure != nil && c.State != api.Up:
		return 0
	case c.State == api.Connecting:
		return 1
	case c.State == api.Up:
		return 2
	}
	return 3
}

func (m *Model) traffic(connection string) float64 {
	l := m.loads[connection]
	if l == nil {
		return 0
	}
	in, out := l.rates()
	return in + out
}
