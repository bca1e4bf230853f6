package namesilo

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var errNoReply = errors.New("no reply code in it")

// reply is what an answer of the API says.
type reply struct {
	code    int
	detail  string
	records []record
	domains []string
}

// record is one resource record as the API lists it.
type record struct {
	id    string
	typ   string
	host  string // absolute without the final dot; relative, "@" or empty are read too
	value string
	ttl   string
	// distance is the preference of MX and the priority of SRV records.
	distance string
}

// decode reads an answer in JSON, which is what is asked for, or in XML, in
// which the API also answers, for one, when it is overloaded.
func decode(body []byte) (reply, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	var a answer
	var err error
	if len(body) > 0 && body[0] == '<' {
		err = xml.Unmarshal(body, &a)
	} else {
		err = json.Unmarshal(body, &a)
	}
	if err != nil {
		return reply{}, fmt.Errorf("unreadable answer: %w", err)
	}
	code, err := strconv.Atoi(strings.TrimSpace(string(a.Reply.Code)))
	if err != nil {
		return reply{}, errNoReply
	}
	return a.reply(code), nil
}

func (a answer) reply(code int) reply {
	r := reply{code: code, detail: strings.TrimSpace(string(a.Reply.Detail))}
	for _, l := range a.Reply.Records {
		r.records = append(r.records, record{
			id: l.ID.trim(), typ: strings.ToUpper(l.Type.trim()), host: l.Host.trim(),
			value: string(l.Value), ttl: l.TTL.trim(), distance: l.Distance.trim(),
		})
	}
	for _, d := range a.Reply.Domains.Domain {
		if name := strings.TrimSpace(string(d)); name != "" {
			r.domains = append(r.domains, name)
		}
	}
	return r
}

// answer is the document of both forms.
type answer struct {
	Reply struct {
		Code    text               `json:"code" xml:"code"`
		Detail  text               `json:"detail" xml:"detail"`
		Records oneOrMore[listing] `json:"resource_record" xml:"resource_record"`
		Domains domains            `json:"domains" xml:"domains"`
	} `json:"reply" xml:"reply"`
}

type listing struct {
	ID       text `json:"record_id" xml:"record_id"`
	Type     text `json:"type" xml:"type"`
	Host     text `json:"host" xml:"host"`
	Value    text `json:"value" xml:"value"`
	TTL      text `json:"ttl" xml:"ttl"`
	Distance text `json:"distance" xml:"distance"`
}

type domains struct {
	Domain oneOrMore[domain] `json:"domain" xml:"domain"`
}

// UnmarshalJSON also reads a bare list.
func (d *domains) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("{")) {
		type plain domains
		return json.Unmarshal(b, (*plain)(d))
	}
	return d.Domain.UnmarshalJSON(b)
}

// domain is a name, in JSON either a string or an object with one; in XML its
// dates are attributes.
type domain text

func (d *domain) UnmarshalJSON(b []byte) error {
	if !bytes.HasPrefix(b, []byte("{")) {
		return (*text)(d).UnmarshalJSON(b)
	}
	var o struct {
		Domain text `json:"domain"`
	}
	err := json.Unmarshal(b, &o)
	*d = domain(o.Domain)
	return err
}

// text is a JSON string, number or boolean as a string: the API has codes and
// TTLs both as numbers and as strings. Null is empty.
type text string

func (t text) trim() string { return strings.TrimSpace(string(t)) }

func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		*t = ""
		return nil
	case bytes.HasPrefix(b, []byte(`"`)):
		return json.Unmarshal(b, (*string)(t))
	}
	*t = text(b)
	return nil
}

// oneOrMore is a JSON list that may stand without its brackets when it has one
// element, as in what is made from XML. Null and an empty string are none.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")), bytes.Equal(b, []byte(`""`)):
		*l = nil
		return nil
	case bytes.HasPrefix(b, []byte("[")):
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = oneOrMore[T]{one}
	return nil
}
