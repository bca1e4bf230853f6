package export

import (
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Format is the form of an export.
type Format string

// The forms.
const (
	BIND       Format = "bind"
	Markdown   Format = "markdown"
	Cloudflare Format = "cloudflare"
	Route53    Format = "route53"
	NameSilo   Format = "namesilo"
	OctoDNS    Format = "octodns"
	DNSControl Format = "dnscontrol"
)

// Marker stands within the first 512 bytes of every file that Render makes, so
// that it can be told from what people wrote.
const Marker = "dnsplan export"

// File is a rendered file.
type File struct {
	// Name is what it is called in a folder; no two of a Result are equal.
	Name string
	Text []byte
}

// Result is what Render made.
type Result struct {
	Files []File
	// Notes say, for people, what could not be said and what to know before
	// the files are used.
	Notes []string
}

// form is how a format is made: one file of all zones, or files of each.
type form struct {
	format Format
	file   string // of all zones; empty for one a zone
	suffix string // of one zone
	all    func(Document, *notes) ([]byte, error)
	zone   func(Zone, *notes) ([][]byte, error)
}

func forms() []form {
	return []form{
		{format: BIND, suffix: ".zone", zone: one(bind)},
		{format: Markdown, file: "inventory.md", all: markdown},
		{format: Cloudflare, suffix: ".txt", zone: one(cloudflare)},
		{format: Route53, suffix: ".json", zone: route53},
		{format: NameSilo, file: "namesilo.txt", all: namesilo},
		{format: OctoDNS, suffix: ".yaml", zone: one(octodns)},
		{format: DNSControl, file: "dnsconfig.js", all: dnscontrol},
	}
}

func one(f func(Zone, *notes) []byte) func(Zone, *notes) ([][]byte, error) {
	return func(z Zone, n *notes) ([][]byte, error) { return [][]byte{f(z, n)}, nil }
}

// Formats lists the formats, in the order of the help.
func Formats() []string {
	var out []string
	for _, f := range forms() {
		out = append(out, string(f.format))
	}
	return out
}

// ParseFormat reads the name of a format; the error says which one is near.
func ParseFormat(s string) (Format, error) {
	names := Formats()
	if slices.Contains(names, s) {
		return Format(s), nil
	}
	near := inventory.DidYouMean(s, names)
	if near == "" {
		near = fmt.Sprintf("there are %q", names)
	}
	return "", fmt.Errorf("unknown format %q: %s", s, near)
}

// Render makes the files of a format. A zone that the format cannot take is an
// error.
func Render(f Format, d Document) (Result, error) {
	i := slices.IndexFunc(forms(), func(x form) bool { return x.format == f })
	if i < 0 {
		return Result{}, fmt.Errorf("unknown format %q", f)
	}
	x := forms()[i]
	var n notes
	if x.all != nil {
		text, err := x.all(d, &n)
		if err != nil {
			return Result{}, err
		}
		return Result{Files: []File{{x.file, text}}, Notes: n}, nil
	}
	var out Result
	for _, z := range d.Zones {
		parts, err := x.zone(z, &n)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %w", z.title(), err)
		}
		for i, text := range parts {
			name := zone.FileName(z.Name, z.View)
			if len(parts) > 1 {
				name += fmt.Sprintf("-%03d", i+1)
			}
			out.Files = append(out.Files, File{name + x.suffix, text})
		}
	}
	out.Notes = n
	return out, nil
}
