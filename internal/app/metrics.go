package app

import (
	"net/http"
	"strconv"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/message"
	"chave/internal/core/retention"
	"chave/internal/core/service"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the process's figures. Labels are routes, statuses and kinds, never anything about a person.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	messages *prometheus.CounterVec
	removed  *prometheus.CounterVec
	compat   *prometheus.CounterVec
	sources  *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chave_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chave_http_request_seconds", Help: "Time to answer, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}, []string{"route"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chave_messages_total", Help: "Messages handled, by kind, channel and outcome.",
		}, []string{"kind", "channel", "outcome"}),
		removed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chave_forgotten_rows_total", Help: "Rows removed because their time was over, by class.",
		}, []string{"class"}),
		compat: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chave_compat_uses_total", Help: "Uses of what CMD's wires need and today's rules forbid, by service and switch.",
		}, []string{"service", "switch"}),
		sources: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chave_source_questions_total", Help: "Questions to sources of attributes, by source and outcome.",
		}, []string{"source", "outcome"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.messages, m.removed, m.compat, m.sources,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

func (m *metrics) message(kind message.Kind, channel message.Channel, outcome string) {
	m.messages.WithLabelValues(string(kind), string(channel), outcome).Inc()
}

func (m *metrics) forgotten(class retention.Class, rows int) {
	m.removed.WithLabelValues(string(class)).Add(float64(rows))
}

func (m *metrics) compatUse(id string, used service.Switch) {
	m.compat.WithLabelValues(id, string(used)).Inc()
}

func (m *metrics) source(source consent.Source, outcome string) {
	m.sources.WithLabelValues(string(source), outcome).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
