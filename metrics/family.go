package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

// A kind tells what the values of a family are.
type kind string

const (
	gauge     kind = "gauge"
	counter   kind = "counter"
	histogram kind = "histogram"
)

// A family is a metric with all its labels. It reads a snapshot and gives each series once.
type family struct {
	name   string
	kind   kind
	labels []string
	help   string
	read   func(s *Snapshot, give func(value float64, labels ...string))
	times  func(s *Snapshot, give func(h Histogram, labels ...string)) // of histograms, instead of read
}

// families are all there are.
func families() []family {
	return append(append(append(append(connectionFamilies(), trafficFamilies()...), peerFamilies()...), engineFamilies()...), hostFamilies()...)
}

func (f *family) describe() *prometheus.Desc {
	return prometheus.NewDesc(f.name, f.help, f.labels, nil)
}

// collect gives the series of a snapshot.
func (f *family) collect(s *Snapshot, to chan<- prometheus.Metric) {
	desc := f.describe()
	if f.kind == histogram {
		f.times(s, func(h Histogram, labels ...string) {
			to <- prometheus.MustNewConstHistogram(desc, h.Count, h.Sum, h.cumulative(), labels...)
		})
		return
	}
	of := prometheus.GaugeValue
	if f.kind == counter {
		of = prometheus.CounterValue
	}
	f.read(s, func(value float64, labels ...string) { to <- prometheus.MustNewConstMetric(desc, of, value, labels...) })
}

// A collector gives one snapshot to a registry.
type collector struct{ snapshot *Snapshot }

// Describe names the families.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, f := range families() {
		to <- f.describe()
	}
}

// Collect gives all series.
func (c collector) Collect(to chan<- prometheus.Metric) {
	for _, f := range families() {
		f.collect(c.snapshot, to)
	}
}

// truth is a truth as a value.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
