//! The parts that generated modules are made of. Invariant: plain data.

/// Variables of the module that functions assign.
pub const GLOBALS: &str = "global_a~,~b~,~c~,~s~,~z~,~t~,~n";

/// Integers by name.
pub const VARIABLES: &[&str] = &["a", "b", "c"];

/// Integers as they are written.
pub const NUMBERS: &[&str] =
    &["7", "0x1E", "0b101", "0o17", "1_000", "int(1e2)", "int(.5)", "0xe", "int(1 .__class__ is int)"];

/// Strings of every form that the board knows; `a`, `b`, `d` and `s` are variables of the module.
pub const STRINGS: &[&str] = &[
    "'x'",
    "\"it's\"",
    "''",
    "'''two\nlines  # no comment\n'''",
    "\"\"\"a 'b' \"c\" \\\"\"\"\"",
    "r'\\d  \\n'",
    "'#'",
    "'tab\\t' 'and  tab\t.'",
    "'a \\\n   b'",
    "u'\\u00e9 é  ü'",
    "'form\x0cfeed'",
    "'pass'",
    "'{}  {{}}'.format(a)",
    "'%d' % 3",
    "'%s - %r' % (a , 'b  c')",
    "str(b'by  tes\\x00')",
    "str(rb'\\x  ')",
    "b'a' b'  c'.decode()",
    "f''",
    "f'{{a}}'",
    "f'{{{a}}}  {{'",
    "f'{ a }  {b!r:>6}'",
    "f'{a:{ 4 }d}|'",
    "f'{ {1: 2}[1] }'",
    "f\"{'x' + 'y  '}\"",
    "f'{\"#\"}'",
    "f'''{a\n}  # text\n{'b  '}'''",
    "f'{f\"{a}  {b}\"}'",
    "f\"{f'{f\"{a}\"}'}\"",
    "f'{d['k']}'",
    "f\"{d[\"k  k\"]}\"",
    "f'{f'{f'{a}'}'}'",
    "rf'\\d{a}  '",
    "f'{( a )}{d [ \"k\" ]}'",
    "s",
];

/// What the statements use.
pub const PREAMBLE: &str = "a , b , c = 3 , 5 , 8
s = 'text' ;  z = t = n = 0
d = { 'k' : 1 , \"k  k\" : 2 }
def show ( error ) :
\timport sys
\tsys . print_exception ( error , sys . stdout )
def same ( function ) : return function
def other ( * ignored ) :
  'doc'
  return same
def finish ( coroutine ) :
    try :
        coroutine . send ( None )
    except StopIteration as stop :
        print ( stop . value )
class Manager :
    '''A manager
       of everything'''
    same = staticmethod ( same )
    def __init__ ( self , value ) :
        self . value , self . count = value , 0
    def __enter__ ( self ) : print ( 'in' ) ; return self
    def __exit__ ( self , * _ ) :
        pass
    async def __aenter__ ( self ) : return self
    async def __aexit__ ( self , * _ ) : return False
    def __aiter__ ( self ) : return self
    async def __anext__ ( self ) :
        self . count += 1
        if self . count > 2 :
            raise StopAsyncIteration
        return self . count
    def __iter__ ( self ) :
        return iter ( ( ) )
    def __await__ ( self ) : return self
";
