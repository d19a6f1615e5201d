"""From the tokens of a generated file to its tree. Reads what the generator writes, refuses the rest."""

from __future__ import annotations

from benchmarks.soundness.reference import nodes as n
from benchmarks.soundness.reference.lexer import Token, tokens_of

BUILTIN_TYPES = {
    "void", "bool", "char", "int", "unsigned", "long", "float", "double", "auto", "size_t", "int8_t",
    "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t", "uint64_t", "uintptr_t", "int2",
    "int4", "float4", "__nv_bfloat16", "__half", "cudaStream_t",
}  # fmt: skip
ATTRIBUTES = {
    "__device__", "__host__", "__global__", "__forceinline__", "inline", "static", "extern", "__shared__",
    "constexpr", "const", "__restrict__", "explicit", "typename", "volatile",
}  # fmt: skip
CASTS = {"static_cast", "reinterpret_cast", "const_cast"}
LEVELS = [
    {"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"<<", ">>"}, {"+", "-"},
    {"*", "/", "%"},
]  # fmt: skip
ASSIGNS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}


class ParseError(Exception):
    pass


def parse(text: str) -> n.File:
    return _Parser(text).file()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.at = 0
        self.types: set[str] = set(BUILTIN_TYPES)
        self.templates: set[str] = {"conditional_t", "forward", "min", "max"}
        self.result = n.File()
        self.angle = 0  # > closes a template argument list while this is positive

    # -- tokens --------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> str:
        index = self.at + ahead
        return self.tokens[index].text if index < len(self.tokens) else ""

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, text: str) -> bool:
        if self.peek() == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        token = self.next()
        if token.text != text:
            raise self.error(f"expected {text!r}", token)
        return token

    def error(self, what: str, token: Token | None = None) -> ParseError:
        token = token or self.tokens[self.at]
        line = self.text.count("\n", 0, token.start) + 1
        return ParseError(f"line {line}: {what}, found {token.text!r}")

    def identifier(self) -> str:
        token = self.next()
        if token.kind != "id":
            raise self.error("expected a name", token)
        return token.text

    def close_angle(self) -> None:
        token = self.tokens[self.at]
        if token.text in (">>", ">>>"):
            self.tokens[self.at] = Token("op", token.text[1:], token.start + 1, token.end)
        else:
            self.expect(">")

    # -- files ---------------------------------------------------------------------------

    def file(self) -> n.File:
        while self.tokens[self.at].kind != "end":
            self.top_level()
        return self.result

    def top_level(self) -> None:
        if self.accept(";"):
            return
        if self.accept("namespace"):
            while not self.accept("{"):
                self.next()
            while not self.accept("}"):
                self.top_level()
            return
        if self.peek() == "enum":
            self.enum()
            return
        template: list[n.TemplateParameter] = []
        start = self.tokens[self.at].start
        if self.accept("template"):
            template = self.template_parameters()
        if self.peek() == "struct":
            self.struct(template, start)
        elif self.peek() == "using":
            self.result.globals.append(self.alias())
        elif self.peek() == "static_assert":
            self.result.globals.append(self.static_assert())
        else:
            found = self.function_or_variable(template, start)
            if isinstance(found, n.Function):
                self.result.functions.append(found)
            else:
                self.result.globals.append(found)

    def template_parameters(self) -> list[n.TemplateParameter]:
        found: list[n.TemplateParameter] = []
        self.expect("<")
        while not self.accept(">"):
            if self.peek() in ("typename", "class"):
                self.next()
                name = self.identifier()
                self.types.add(name)
                default: n.Argument | None = self.type() if self.accept("=") else None
                found.append(n.TemplateParameter(name, True, None, default))
            else:
                kind = self.type()
                name = self.identifier()
                default = self.template_expression() if self.accept("=") else None
                found.append(n.TemplateParameter(name, False, kind, default))
            self.accept(",")
        return found

    def attributes(self) -> tuple[set[str], int]:
        seen: set[str] = set()
        align = 0
        while True:
            if self.peek() in ATTRIBUTES:
                seen.add(self.next().text)
            elif self.peek() in ("__align__", "alignas"):
                self.next()
                self.expect("(")
                align = int(self.next().text)
                self.expect(")")
            elif self.peek() == "__launch_bounds__":
                self.next()
                self.expect("(")
                self.expression()
                self.expect(")")
            elif self.peek() == "[" and self.peek(1) == "[":
                while not (self.accept("]") and self.accept("]")):
                    self.next()
            else:
                return seen, align

    def function_or_variable(self, template: list[n.TemplateParameter], start: int) -> n.Function | n.Declare:
        seen, _ = self.attributes()
        kind = self.type()
        more, _ = self.attributes()
        seen |= more
        if self.tokens[self.at].kind == "id" and self.peek(1) == "(":
            name = self.identifier()
            if template:
                self.templates.add(name)
            return self.function_rest(name, kind, template, seen, start)
        return self.declarators(kind, start, constant=bool(seen & {"constexpr", "const"}))

    def function_rest(
        self,
        name: str,
        result: n.TypeNode | None,
        template: list[n.TemplateParameter],
        seen: set[str],
        start: int,
    ) -> n.Function:
        parameters = self.parameters()
        while self.peek() in ("const", "noexcept"):
            self.next()
        initialisers: list[tuple[str, list[n.Expression]]] = []
        if self.accept(":"):
            while True:
                field = self.identifier()
                self.expect("(")
                initialisers.append((field, self.arguments(")")))
                if not self.accept(","):
                    break
        body = None
        if not self.accept(";"):
            body = self.block()
        end = self.tokens[self.at - 1].end
        return n.Function(
            name,
            template,
            result,
            parameters,
            body,
            "__global__" in seen,
            "__device__" in seen,
            "constexpr" in seen,
            initialisers,
            start,
            end,
        )

    def parameters(self) -> list[n.Parameter]:
        found: list[n.Parameter] = []
        self.expect("(")
        while not self.accept(")"):
            self.attributes()
            kind = self.type()
            self.attributes()
            name = self.identifier() if self.tokens[self.at].kind == "id" else ""
            default = self.assignment() if self.accept("=") else None
            found.append(n.Parameter(kind, name, default))
            self.accept(",")
        return found

    def struct(self, template: list[n.TemplateParameter], start: int) -> None:
        self.expect("struct")
        _, align = self.attributes()
        name = self.identifier()
        self.types.add(name)
        if template:
            self.templates.add(name)
        found = n.Struct(name, template, [], [], [], [], align, start, 0)
        self.expect("{")
        while not self.accept("}"):
            begin = self.tokens[self.at].start
            seen, field_align = self.attributes()
            if self.peek() == name and self.peek(1) == "(":
                self.next()
                found.constructors.append(self.function_rest(name, None, [], seen, begin))
                continue
            kind = self.type()
            if self.peek() == "operator":
                self.next()
                first = self.next().text
                second = self.next().text
                found.methods.append(self.function_rest("operator" + first + second, kind, [], seen, begin))
            elif self.peek(1) == "(":
                found.methods.append(self.function_rest(self.identifier(), kind, [], seen, begin))
            elif "static" in seen:
                found.statics += self.declarators(kind, begin, constant=True).declarators
            else:
                fields = self.declarators(kind, begin).declarators
                for declarator in fields:
                    declarator.align = field_align
                found.fields += fields
        found.end = self.expect(";").end
        self.result.structs[name] = found

    def enum(self) -> None:
        self.expect("enum")
        scoped = self.accept("class")
        name = self.identifier()
        self.types.add(name)
        underlying = self.type() if self.accept(":") else None
        members: list[tuple[str, n.Expression | None]] = []
        self.expect("{")
        while not self.accept("}"):
            member = self.identifier()
            members.append((member, self.assignment() if self.accept("=") else None))
            self.accept(",")
        self.expect(";")
        self.result.enums.append(n.Enum(name, scoped, underlying, members))

    # -- types ---------------------------------------------------------------------------

    def is_type(self, ahead: int = 0) -> bool:
        text = self.peek(ahead)
        if text in ("const", "typename", "constexpr"):
            return True
        if text == "std" and self.peek(ahead + 1) == "::":
            return self.peek(ahead + 2) == "conditional_t" or self.is_type(ahead + 2)
        return text in self.types

    def type(self) -> n.TypeNode:
        while self.peek() in ("const", "typename", "constexpr"):
            self.next()
        parts = [self.identifier()]
        if parts[0] in ("unsigned", "long"):
            while self.peek() in ("int", "long", "unsigned", "char"):
                parts[0] += " " + self.next().text
        while self.peek() == "::" and parts[0] == "std":
            self.next()
            parts.append(self.identifier())
        args = None
        if self.peek() == "<" and (parts[-1] in self.templates):
            args = self.template_arguments()
        found = n.TypeNode(tuple(parts), args)
        while self.peek() in ("*", "&", "&&", "const", "__restrict__"):
            text = self.next().text
            if text == "*":
                found.pointers += 1
            elif text == "&":
                found.reference = True
        return found

    def template_arguments(self) -> tuple[n.Argument, ...]:
        self.expect("<")
        found: list[n.Argument] = []
        while True:
            if self.peek() in (">", ">>", ">>>"):
                break
            found.append(self.type() if self.is_type() else self.template_expression())
            if not self.accept(","):
                break
        self.close_angle()
        return tuple(found)

    def template_expression(self) -> n.Expression:
        self.angle += 1
        found = self.ternary()
        self.angle -= 1
        return found

    # -- statements ----------------------------------------------------------------------

    def block(self) -> n.Block:
        start = self.expect("{").start
        found: list[n.Statement] = []
        while self.peek() != "}":
            found.append(self.statement())
        return n.Block(found, start, self.expect("}").end)

    def statement(self) -> n.Statement:
        start = self.tokens[self.at].start
        found = self.bare_statement()
        found.start = start
        found.end = max(found.end, self.tokens[self.at - 1].end)
        self.result.statements.append(found)
        return found

    def bare_statement(self) -> n.Statement:
        text = self.peek()
        if text == "{":
            return self.block()
        if text == ";":
            self.next()
            return n.Do(None)
        if text == "if":
            return self.branch()
        if text in ("for", "while", "do"):
            return self.loop()
        if text == "switch":
            return self.switch()
        if text in ("break", "continue"):
            self.next()
            self.expect(";")
            return n.Jump(text)
        if text == "goto":
            self.next()
            label = self.identifier()
            self.expect(";")
            return n.Jump("goto", label)
        if text == "throw":
            while not self.accept(";"):
                self.next()
            return n.Jump("throw")
        if text == "return":
            self.next()
            value = None if self.peek() == ";" else self.expression_or_braces()
            self.expect(";")
            return n.Return(value)
        if text == "using":
            return self.alias()
        if text == "static_assert":
            return self.static_assert()
        if self.tokens[self.at].kind == "id" and self.peek(1) == ":" and self.peek(2) != ":":
            self.next()
            self.next()
            self.accept(";")
            return n.Label(text)
        if self.starts_declaration():
            seen, align = self.attributes()
            kind = self.type()
            more, more_align = self.attributes()
            seen |= more
            found = self.declarators(kind, 0, constant=bool(seen & {"const", "constexpr"}))
            for declarator in found.declarators:
                declarator.shared = "__shared__" in seen
                declarator.align = align or more_align
            return found
        value = self.expression()
        self.expect(";")
        return n.Do(value)

    def starts_declaration(self) -> bool:
        if self.peek() in ATTRIBUTES or self.peek() in ("__align__", "alignas"):
            return True
        if not self.is_type():
            return False
        mark = self.at
        try:
            self.type()
            return self.tokens[self.at].kind == "id"
        except ParseError:
            return False
        finally:
            self.at = mark

    def declarators(self, kind: n.TypeNode, start: int, constant: bool = False) -> n.Declare:
        found: list[n.Declarator] = []
        base = n.TypeNode(kind.parts, kind.args)
        first = True
        while True:
            this = kind if first else n.TypeNode(base.parts, base.args)
            if not first:
                while self.peek() in ("*", "&"):
                    if self.next().text == "*":
                        this.pointers += 1
                    else:
                        this.reference = True
            first = False
            one = n.Declarator(this, self.identifier(), constant=constant)
            if self.accept("["):
                one.count = None if self.peek() == "]" else self.expression()
                if one.count is None:
                    one.count = n.Number(0, "int")
                self.expect("]")
            if self.accept("="):
                one.initial = self.expression_or_braces(comma=False)
            elif self.accept("("):
                one.arguments = self.arguments(")")
            elif self.peek() == "{":
                braces = self.expression_or_braces()
                assert isinstance(braces, n.Braces)
                if one.count is not None:
                    one.initial = braces
                else:
                    one.arguments = braces.values
            found.append(one)
            if not self.accept(","):
                break
        return n.Declare(found, start, self.expect(";").end)

    def expression_or_braces(self, comma: bool = True) -> n.Expression:
        if self.accept("{"):
            return n.Braces(self.arguments("}"))
        return self.expression() if comma else self.assignment()

    def alias(self) -> n.Alias:
        start = self.expect("using").start
        name = self.identifier()
        self.types.add(name)
        self.expect("=")
        kind = self.type()
        return n.Alias(name, kind, start, self.expect(";").end)

    def static_assert(self) -> n.StaticAssert:
        start = self.expect("static_assert").start
        self.expect("(")
        condition = self.assignment()
        if self.accept(","):
            self.next()
        self.expect(")")
        return n.StaticAssert(condition, start, self.expect(";").end)

    def branch(self) -> n.If:
        self.expect("if")
        constexpr = self.accept("constexpr")
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        then = self.statement()
        otherwise = self.statement() if self.accept("else") else None
        return n.If(condition, then, otherwise, constexpr)

    def loop(self) -> n.Loop:
        kind = self.next().text
        if kind == "do":
            body = self.statement()
            self.expect("while")
            self.expect("(")
            condition = self.expression()
            self.expect(")")
            self.expect(";")
            return n.Loop(None, condition, None, body, test_last=True)
        self.expect("(")
        if kind == "while":
            condition = self.expression()
            self.expect(")")
            return n.Loop(None, condition, None, self.statement())
        initial = None if self.accept(";") else self.bare_statement()
        until = None if self.peek() == ";" else self.expression()
        self.expect(";")
        step = None if self.peek() == ")" else self.expression()
        self.expect(")")
        return n.Loop(initial, until, step, self.statement())

    def switch(self) -> n.Switch:
        self.expect("switch")
        self.expect("(")
        value = self.expression()
        self.expect(")")
        self.expect("{")
        cases: list[tuple[n.Expression | None, int]] = []
        statements: list[n.Statement] = []
        while not self.accept("}"):
            if self.accept("case"):
                label = self.ternary()
                self.expect(":")
                cases.append((label, len(statements)))
            elif self.accept("default"):
                self.expect(":")
                cases.append((None, len(statements)))
            else:
                statements.append(self.statement())
        return n.Switch(value, cases, statements)

    # -- expressions ---------------------------------------------------------------------

    def arguments(self, close: str) -> list[n.Expression]:
        angle, self.angle = self.angle, 0
        found: list[n.Expression] = []
        while not self.accept(close):
            found.append(self.expression_or_braces(comma=False))
            self.accept(",")
        self.angle = angle
        return found

    def expression(self) -> n.Expression:
        found = self.assignment()
        while self.accept(","):
            found = n.Binary(",", found, self.assignment())
        return found

    def assignment(self) -> n.Expression:
        left = self.ternary()
        if self.peek() in ASSIGNS:
            operator = self.next().text
            return n.Assign(operator, left, self.expression_or_braces(comma=False))
        return left

    def ternary(self) -> n.Expression:
        condition = self.binary(0)
        if not self.accept("?"):
            return condition
        then = self.expression()
        self.expect(":")
        return n.Ternary(condition, then, self.assignment())

    def binary(self, level: int) -> n.Expression:
        if level == len(LEVELS):
            return self.unary()
        found = self.binary(level + 1)
        while self.peek() in LEVELS[level] and self.tokens[self.at].kind == "op":
            if self.angle and self.peek() in (">", ">>"):
                break
            operator = self.next().text
            found = n.Binary(operator, found, self.binary(level + 1))
        return found

    def unary(self) -> n.Expression:
        text = self.peek()
        if text in ("-", "+", "!", "~", "*", "&", "++", "--"):
            self.next()
            return n.Unary(text, self.unary())
        if text == "sizeof":
            self.next()
            self.expect("(")
            found = n.SizeOf(self.type(), None) if self.is_type() else n.SizeOf(None, self.expression())
            self.expect(")")
            return found
        if text == "(" and self.is_type(1):
            mark = self.at
            self.next()
            kind = self.type()
            if self.accept(")"):
                return n.Cast(kind, self.unary())
            self.at = mark
        return self.postfix(self.primary())

    def postfix(self, found: n.Expression) -> n.Expression:
        while True:
            text = self.peek()
            if text == "(":
                self.next()
                found = n.Call(found, self.arguments(")"))
            elif text == "[":
                self.next()
                angle, self.angle = self.angle, 0
                found = n.Index(found, self.expression())
                self.angle = angle
                self.expect("]")
            elif text in (".", "->"):
                self.next()
                found = n.Member(found, self.identifier(), text == "->")
            elif text in ("++", "--"):
                self.next()
                found = n.Unary(text, found, postfix=True)
            elif text == "<<<":
                self.next()
                geometry: list[n.Expression] = []
                while True:
                    geometry.append(self.assignment())
                    if not self.accept(","):
                        break
                self.expect(">>>")
                self.expect("(")
                assert isinstance(found, n.Name)
                found = n.Launch(found, geometry, self.arguments(")"))
            else:
                return found

    def primary(self) -> n.Expression:
        token = self.tokens[self.at]
        if token.kind == "num":
            self.next()
            return _number(token.text)
        if token.kind == "str":
            self.next()
            return n.Text(token.text)
        if token.text == "(":
            self.next()
            angle, self.angle = self.angle, 0
            found = self.expression()
            self.angle = angle
            self.expect(")")
            return found
        if token.text == "[":
            return self.lambda_()
        if token.text in CASTS:
            self.next()
            self.expect("<")
            kind = self.type()
            self.close_angle()
            self.expect("(")
            angle, self.angle = self.angle, 0
            operand = self.expression()
            self.angle = angle
            self.expect(")")
            return n.Cast(kind, operand)
        if token.text in ("true", "false"):
            self.next()
            return n.Number(int(token.text == "true"), "bool")
        if token.text == "nullptr":
            self.next()
            return n.Number(0, "nullptr")
        if token.kind != "id":
            raise self.error("expected an expression")
        if self.is_type():
            kind = self.type()
            if self.peek() == "(":
                self.next()
                return n.Construct(kind, self.arguments(")"))
            if self.peek() == "{":
                self.next()
                return n.Construct(kind, self.arguments("}"))
            self.expect("::")
            return n.Name((self.identifier(),), None, kind)
        parts = [self.identifier()]
        while self.accept("::"):
            parts.append(self.identifier())
        args = None
        if self.peek() == "<" and parts[-1] in self.templates:
            args = self.template_arguments()
        return n.Name(tuple(parts), args)

    def lambda_(self) -> n.Expression:
        self.expect("[")
        default = ""
        captures: dict[str, bool] = {}
        while not self.accept("]"):
            if self.peek() in ("=", "&") and self.peek(1) in (",", "]"):
                default = self.next().text
            else:
                by_reference = self.accept("&")
                captures[self.identifier()] = by_reference
            self.accept(",")
        parameters = self.parameters() if self.peek() == "(" else []
        self.accept("mutable")
        self.attributes()
        result = self.type() if self.accept("->") else None
        angle, self.angle = self.angle, 0
        body = self.block()
        self.angle = angle
        return n.Lambda(default, captures, parameters, result, body)


def _number(text: str) -> n.Number:
    suffix = ""
    digits = text.replace("'", "")
    while digits and digits[-1] in "uUlLzZ" and not digits.lower().startswith("0x" + digits[-1]):
        suffix = digits[-1].lower() + suffix
        digits = digits[:-1]
    value = int(digits, 0) if digits.lower().startswith("0x") or digits == "0" else int(digits, 10)
    if "u" in suffix:
        kind = "size_t" if "l" in suffix or value >= 1 << 32 else "uint32_t"
    elif "l" in suffix or value >= 1 << 31:
        kind = "int64_t"
    else:
        kind = "int"
    return n.Number(value, kind)
