# C++ without its comments and without what stands in its literals, line for line as it was. With
# -v docs=1 a line that begins a documentation comment leaves `///` and one that follows on its line
# leaves `///<`; with -v literals=1 literals stay.
function emit(text) { line = line text }
BEGIN { state = "code" }
{
    line = ""
    n = length($0)
    i = 1
    while (i <= n) {
        c = substr($0, i, 1)
        d = substr($0, i, 2)
        if (state == "code") {
            if (d == "//") {
                if (docs && substr($0, i, 4) == "///<") emit("///<")
                else if (docs && substr($0, i, 3) == "///") emit("///")
                break
            } else if (d == "/*") {
                state = "comment"; i += 2; emit(" ")
            } else if (c == "\"") {
                if (line ~ /(^|[^A-Za-z0-9_])(u8|u|U|L)?R$/) {
                    rest = substr($0, i + 1)
                    end = ")" substr(rest, 1, index(rest, "(") - 1) "\""
                    state = "raw"; emit("\""); i += index(rest, "(") + 1
                } else { state = "string"; emit("\""); i++ }
            } else if (c == "'" && line !~ /[0-9A-Za-z_]$/) {
                state = "char"; emit("'"); i++
            } else if (c == "'" && line ~ /(^|[^A-Za-z0-9_])(u8|u|U|L)$/) {
                state = "char"; emit("'"); i++
            } else { emit(c); i++ }
        } else if (state == "comment") {
            if (d == "*/") { state = "code"; i += 2 } else i++
        } else if (state == "raw") {
            if (substr($0, i, length(end)) == end) { state = "code"; emit("\""); i += length(end) }
            else { if (literals) emit(c); i++ }
        } else if (c == "\\") {
            if (literals) emit(d)
            i += 2
        } else if (state == "string" && c == "\"" || state == "char" && c == "'") {
            state = "code"; emit(c); i++
        } else { if (literals) emit(c); i++ }
    }
    if (state == "string" || state == "char") state = "code"
    print line
}
