package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/report"
)

// TestPlanTextTellsProbes: what is asked, when, and of whom, also where no
// server and no resolver is.
func TestPlanTextTellsProbes(t *testing.T) {
	p := move(t)
	p.Policy.Resolvers = nil
	for i := range p.Zones {
		p.Zones[i].Servers, p.Zones[i].Discover = nil, false
	}
	c := &p.Changes[0]
	c.Probe = &plan.Probe{Type: plan.ProbeHTTP, Port: 80, Scheme: "http", Host: "www.example.org", Path: "/up", Status: "200", Timeout: 5}
	p.Steps = []plan.Step{
		{ID: "s1", Kind: plan.StepProbe, Changes: []string{c.ID}, Detail: "203.0.113.11: " + c.Probe.String()},
		{ID: "s2", Kind: plan.StepVerify, Changes: []string{c.ID}, Detail: "servers and resolvers give the new answer" + plan.AlsoProbed},
		{ID: "s3", Kind: plan.StepSettle, Changes: []string{c.ID}, Seconds: 600, Detail: "the new state stays good" + plan.AlsoProbed},
	}
	var b bytes.Buffer
	if err := report.PlanText(&b, p, options()); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"probe: GET http://www.example.org/up is answered with 200",
		"probe 203.0.113.11: GET http://www.example.org/up is answered with 200",
		"nobody is asked: the provider was read back, and the service answers its probe",
		"nobody is asked whether the new state stays good, and the service answers its probe",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
