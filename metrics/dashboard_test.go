package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"culvert/explain"
)

// alerts reads the expressions of the alert rules, by name, and what they say.
func alerts(t *testing.T) (expressions map[string]string, texts []string) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	text, err := os.ReadFile("../packaging/prometheus/culvert.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	expressions = map[string]string{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["action"] == "" {
				t.Errorf("alert %q lacks a severity, a summary or an action", r.Alert)
			}
			expressions["alert "+r.Alert] = r.Expr
			texts = append(texts, r.Annotations["summary"]+" "+r.Annotations["action"])
		}
	}
	return expressions, texts
}

// panels reads the expressions of the dashboard, by title.
func panels(t *testing.T) map[string]string {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
		Templating struct {
			List []struct {
				Name, Type string
				Query      any
			}
		}
	}
	text, err := os.ReadFile("../packaging/grafana/culvert.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			all["panel "+p.Title+" "+target.RefID] = strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
		}
	}
	values := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	for _, v := range board.Templating.List {
		if q, ok := v.Query.(map[string]any); ok {
			m := values.FindStringSubmatch(q["query"].(string))
			if m == nil {
				t.Errorf("variable %s asks %v", v.Name, q)
				continue
			}
			all["variable "+v.Name] = "sum by (" + m[2] + ") (" + m[1] + ")"
		}
	}
	return all
}

// questions reads the expressions of the page.
func questions(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Good questions")
	table, _, _ = strings.Cut(table, "\n## ")
	for _, m := range regexp.MustCompile("\\| `(.*)` \\|\n").FindAllStringSubmatch(table, -1) {
		list = append(list, strings.ReplaceAll(m[1], `\|`, "|"))
	}
	return list
}

// Every expression that is shipped can be read, and speaks of metrics and labels that there are.
func TestShippedExpressionsSpeakOfRealMetrics(t *testing.T) {
	expressions, _ := alerts(t)
	for name, expr := range panels(t) {
		expressions[name] = expr
	}
	for i, expr := range questions(t) {
		expressions["question "+strconv.Itoa(i)] = expr
	}
	if len(expressions) < 40 {
		t.Errorf("only %d expressions were found", len(expressions))
	}
	used := map[string]bool{}
	for name, text := range expressions {
		for _, problem := range examine(text, used) {
			t.Errorf("%s: %s: %s", name, text, problem)
		}
	}
	for _, needed := range []string{"ipsec_connection_state", "ike_failures_total", "ipsec_certificate_expiry_timestamp_seconds", "ipsec_dropped_packets_total"} {
		if !used[needed] {
			t.Errorf("nothing looks at %s", needed)
		}
	}
}

// The examination finds what it is for.
func TestExaminationFindsMistakes(t *testing.T) {
	for _, text := range []string{
		`rate(ipsec_child_sent_bytes_total[5m]`, `ipsec_child_sent_byte_total`, `ipsec_connection_up{conection="x"}`,
		`sum by (conection) (ipsec_connection_up)`, `rate(ipsec_connection_up[5m])`, `ike_handshake_duration_seconds`,
	} {
		if len(examine(text, map[string]bool{})) == 0 {
			t.Errorf("%s passes", text)
		}
	}
}

// examine says what is wrong with an expression, and notes the families that it speaks of.
func examine(text string, used map[string]bool) (problems []string) {
	expr, err := parser.ParseExpr(text)
	if err != nil {
		return []string{err.Error()}
	}
	known := []string{"instance", "job", "le"}
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		s, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		f := familyOf(s.Name)
		if f == nil {
			problems = append(problems, "there is no metric "+s.Name)
			return nil
		}
		used[f.name] = true
		known = append(known, f.labels...)
		for _, m := range s.LabelMatchers {
			if m.Name != labels.MetricName && !slices.Contains(append([]string{"instance", "job"}, f.labels...), m.Name) {
				problems = append(problems, s.Name+" has no label "+m.Name)
			}
		}
		if rated(path) && f.kind == gauge {
			problems = append(problems, "the rate of gauge "+s.Name)
		}
		return nil
	})
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if a, ok := node.(*parser.AggregateExpr); ok {
			for _, l := range a.Grouping {
				if !slices.Contains(known, l) {
					problems = append(problems, "nothing has a label "+l)
				}
			}
		}
		return nil
	})
	return problems
}

// rated tells whether a node is the argument of a function for counters.
func rated(path []parser.Node) bool {
	return slices.ContainsFunc(path, func(n parser.Node) bool {
		c, ok := n.(*parser.Call)
		return ok && (c.Func.Name == "rate" || c.Func.Name == "increase")
	})
}

// familyOf finds the family that a series belongs to. Prometheus makes up itself.
func familyOf(series string) *family {
	if series == "up" {
		return &family{name: series, kind: gauge}
	}
	for _, f := range families() {
		names := []string{f.name}
		if f.kind == histogram {
			names = []string{f.name + "_bucket", f.name + "_sum", f.name + "_count"}
		}
		if slices.Contains(names, series) {
			return &f
		}
	}
	return nil
}

// Codes that alerts name are codes that there are.
func TestAlertsNameRealCodes(t *testing.T) {
	_, texts := alerts(t)
	for _, word := range regexp.MustCompile(`\b(IKE|AUTH|HOST|ESP)-[A-Z-]+\b`).FindAllString(strings.Join(texts, " "), -1) {
		if _, ok := explain.Lookup(explain.Code(word)); !ok {
			t.Errorf("there is no code %s", word)
		}
	}
}
