# Reads C++ that strip.awk prepared with docs=1 and follows its braces.
#   -v mode=functions   prints `NAME<tab>LINES` for each function body, signature included
#   -v mode=documented  prints `LINE<tab>DECLARATION` for each public name without a doc comment
# It knows enough C++ for this tree's layout; it is not a parser.

function trim(s) { sub(/^[ \t]+/, "", s); sub(/[ \t]+$/, "", s); return s }

# A declaration without what may hide its shape: template arguments, attributes, the template head.
function plain(s,    before) {
    gsub(/\[\[[^\]]*\]\]/, " ", s)
    gsub(/(alignas|explicit|__attribute__|decltype|requires) *\([^()]*(\([^()]*\)[^()]*)*\)/, " ", s)
    gsub(/->/, "\001", s)
    gsub(/operator *(<=>|<<|>>|<=|>=|<|>)/, "operator@", s)
    do { before = s; gsub(/<[^<>]*>/, " ", s) } while (s != before)
    gsub(/(^|[ \t])(template|export)[ \t]/, " ", s)
    gsub(/[ \t]+/, " ", s)
    return trim(s)
}

function isTypeHead(s) { return s ~ /^(class|struct|union|enum|inline (class|struct))[ {:]/ || s ~ /^(class|struct|union|enum)$/ }

function typeName(s,    words, n, k) {
    gsub(/::/, "\002", s)
    sub(/[:{].*/, "", s)
    n = split(trim(s), words, " ")
    while (n > 1 && words[n] == "final") n--
    k = words[n]
    gsub(/\002/, "::", k)
    return k
}

# The name that is declared: what stands before the first parenthesis.
function functionName(s) {
    if (s ~ /operator/) sub(/.*operator */, "operator", s)
    if (s ~ /^operator *\( *\)/) return "operator()"
    sub(/ *\(.*/, "", s)
    if (s !~ /^operator/) sub(/.*[ *&]/, "", s)
    return s == "" ? "?" : s
}

# Does the brace after this text open a function's body (or, in a type or namespace, an initializer)?
function opensBody(s,    tail) {
    s = plain(s)
    if (s !~ /\(/) return 0
    tail = s
    sub(/.*\)/, "", tail)
    if (s ~ /[)]( noexcept)? *:[^:]/) return s ~ /[)}]$/     # constructor with initializers
    if (tail ~ /\001/) return 1                              # trailing return type
    if (tail ~ /^ *((const|noexcept|override|final|mutable|try|requires.*|&|&&) *)*$/) return 1
    return 0
}

function documented(first,    k) {
    if (((first - 1) in covered) && covered[first - 1] == depth) return 1
    for (k = first - 1; k > 0; k--) {
        if (kind[k] == "doc") return 1
        if (kind[k] != "cpp") return 0
    }
    return 0
}

# A whole declaration: asks for its documentation where it is a public name.
function declare(text, first, last,    s, name, wants, k) {
    wants = 0
    s = plain(text)
    if (mode == "documented" && inPublic() && s != "" && text !~ /^[ \t]*template *<[ \t]*>/ &&
        s !~ /^(using|friend|typedef|static_assert|namespace|concept)([ (]|$)/ &&
        text !~ /^[ \t]*extern[ \t]+template/) {
        if (isTypeHead(s)) {
            # A forward declaration has no body and says nothing new; a variable of such a type is data.
            wants = opening && !(s ~ /promise_type/)
            name = typeName(s)
        } else if (s ~ /\(/ && s !~ /= *(default|delete)$/ && s !~ /operator/ && s !~ /~/ &&
                   s !~ /[) ](override|final)([ ;]|$)/) {
            name = functionName(s)
            wants = 1
            if (s ~ /^[^(]*[^=!<>]=[^=]/) wants = 0              # data with an initializer
            if (name ~ /^[A-Z][A-Z0-9_]*$/) wants = 0            # a macro's use
            if (name ~ /^(await_(ready|suspend|resume|transform)|yield_value)$/) wants = 0  # the language's names
            if (name == owner[depth]) wants = 0                  # a constructor
            if (name ~ /::/) wants = 0                           # defines what was declared before
            # No return type: a constructor, a deduction guide, a macro's use.
            if (s ~ /^(explicit |constexpr |inline |consteval )*[A-Za-z_0-9]+ ?\(/) wants = 0
        }
    }
    if (wants && !(documented(first) || docAfter[last] || docAfter[first])) {
        print first "\t" (isTypeHead(s) ? name : name "()")
        return
    }
    # A declaration on the next line belongs to the same group, if this one is documented.
    if (documented(first) || docAfter[last]) for (k = first; k <= last; k++) covered[k] = depth
}

function inPublic(    k) {
    for (k = 1; k <= depth; k++) if (open[k] != 1) return 0
    return 1
}

function push(what, publicNow, name) {
    depth++
    context[depth] = what; open[depth] = publicNow; owner[depth] = name
}

BEGIN { depth = 0; text = ""; textLine = 0; paren = 0; inner = 0; inits = 0 }
{
    raw = $0
    if (raw ~ /^[ \t]*\/\/\/</) { kind[NR] = "code"; docAfter[NR] = 1; raw = "" }
    else if (raw ~ /^[ \t]*\/\/\//) { kind[NR] = "doc"; next }
    else if (continued || raw ~ /^[ \t]*#/) {
        kind[NR] = "cpp"
        if (!continued) {
            if (raw ~ /^[ \t]*# *if/) { ifs++; saved[ifs] = depth; savedInner[ifs] = inner }
            else if (raw ~ /^[ \t]*# *(else|elif)/) { depth = saved[ifs]; inner = savedInner[ifs] }
            else if (raw ~ /^[ \t]*# *endif/ && ifs > 0) ifs--
        }
        continued = (raw ~ /\\$/)
        next
    }
    if (sub(/\/\/\/<.*/, "", raw)) docAfter[NR] = 1
    sub(/\/\/\/.*/, "", raw)
    kind[NR] = (raw ~ /[^ \t]/) ? "code" : "blank"
    n = length(raw)
    for (i = 1; i <= n; i++) {
        c = substr(raw, i, 1)
        if (inner > 0) {                               # inside a function's body: only count
            if (c == "{") inner++
            else if (c == "}" && --inner == 0) {
                if (mode == "functions") print bodyName "\t" (NR - bodyStart + 1)
                if (bodyCovered) for (k = bodyStart; k <= NR; k++) covered[k] = depth
                text = ""
            }
            continue
        }
        if (c == "(" || c == "[") paren++
        else if ((c == ")" || c == "]") && paren > 0) paren--
        if (inits > 0) {                               # inside an initializer's braces
            if (c == "{") inits++
            else if (c == "}" && --inits == 0) text = text "}"
            continue
        }
        if (c == "{") {
            if (paren > 0) { inits = 1; text = text "{"; continue }
            s = plain(text)
            if (s ~ /^(inline )?namespace/ || s ~ /^extern "" *$/) {
                name = s; sub(/^(inline )?namespace */, "", name)
                push("namespace", !(name ~ /(^|:)detail/ || (name == "" && s !~ /extern/)), "")
                text = ""
            } else if (isTypeHead(s) && !opensBody(text)) {
                opening = 1; declare(text, textLine, textLine); opening = 0
                isEnum = (s ~ /^enum/)
                push(isEnum ? "enum" : "type", !isEnum && s !~ /^class/ && s !~ /promise_type/, typeName(s))
                text = ""
            } else if (opensBody(text)) {
                bodyName = functionName(s); bodyStart = textLine
                declare(text, textLine, NR)
                bodyCovered = (textLine in covered)
                inner = 1
            } else { inits = 1; text = text "{" }
        } else if (c == "}") {
            if (depth > 0) depth--
            text = ""
        } else if (c == ";" && paren == 0) {
            if (trim(text) != "") declare(text, textLine, NR)
            text = ""
        } else if (c == ":" && depth > 0 && context[depth] == "type" && substr(raw, i + 1, 1) != ":" &&
                   trim(text) ~ /^(public|protected|private)$/) {
            open[depth] = (trim(text) == "public")
            text = ""
        } else {
            if (trim(text) == "" && c ~ /[^ \t]/) { textLine = NR; text = "" }
            text = text c
        }
    }
    if (text != "") text = text " "
}
