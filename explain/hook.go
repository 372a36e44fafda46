package explain

// Codes of commands and requests that follow tunnels.
const (
	HookFailed    Code = "HOOK-FAILED"
	HookTimeout   Code = "HOOK-TIMEOUT"
	HookQueueFull Code = "HOOK-QUEUE-FULL"
	HookPairs     Code = "HOOK-PAIRS"
	WebhookFailed Code = "WEBHOOK-FAILED"

	TelemetryFailed Code = "TELEMETRY-FAILED"
)

// hookEntries documents the codes of commands and requests that follow tunnels.
func hookEntries() []Entry {
	return []Entry{
		{HookFailed, "The updown command of a child has failed; the child is not affected.",
			"It ended with another status than 0, was killed by a signal, or could not be started. What it printed is in the log.",
			"`culvert log` shows its output. Run it by hand with the variables of docs/hooks.md; under systemd it has the rights that the unit leaves to the daemon."},
		{HookTimeout, "The updown command of a child took too long and was killed, with all that it had started.",
			"It waits for something: a lock, a server, an answer of the user.",
			"Have it start what takes long in the background, or raise daemon.hooks.timeout."},
		{HookQueueFull, "The updown command of a child was not run, as too many wait already.",
			"Children come and go faster than their commands run. That for the end of this child is not run either.",
			"Make the commands faster, or raise daemon.hooks.at_once and daemon.hooks.queue. Bring the child down and up again to have it run."},
		{HookPairs, "The updown command of a child was not run for all pairs of its selectors.",
			"The peers have agreed on more pairs of selectors than commands are run for.",
			"Configure fewer and larger selectors."},
		{WebhookFailed, "A web server could not be told of events.",
			"It cannot be reached, does not answer in time, shows a certificate that is not believed, or refuses the request; the message says which.",
			"Try the URL with curl from this host. The next request that arrives says in `missed` how many events are lost; this warning comes once until one arrives."},
		{TelemetryFailed, "The collector of traces could not be told.",
			"It cannot be reached, does not answer in time, shows a certificate that is not believed, or refuses the request; the message says which.",
			"Try `curl -v -X POST` with the URL of `telemetry.endpoint` and `/v1/traces` from this host: the collector has to take OTLP over HTTP, whose port is 4318. IKE is not affected; `telemetry_dropped` counts what is lost, and this warning comes once until a request arrives."},
	}
}
