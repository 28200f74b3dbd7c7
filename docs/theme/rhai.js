// Colours of Rhai with device blocks, which highlight.js does not know. tests/library/documents.rs compares the keywords with
// those of the program.
(function () {
    "use strict";
    const KEYWORDS = `
        let const fn if else switch while loop do until for in continue break return throw try catch import
        export as true false private global this device instrument console command query setup task thread teardown method test group subtest
        autoinit setup_all setup_each teardown_each teardown_all`;
    hljs.registerLanguage("rhai", (hljs) => ({
        keywords: { keyword: KEYWORDS.trim() },
        contains: [
            hljs.C_LINE_COMMENT_MODE,
            hljs.C_BLOCK_COMMENT_MODE,
            hljs.QUOTE_STRING_MODE,
            // Bodies, and raw strings that hold one.
            { begin: "`", end: "`", excludeBegin: true, excludeEnd: true, subLanguage: "python" },
            { begin: "#\"", end: "\"#", excludeBegin: true, excludeEnd: true, subLanguage: "python" },
            hljs.C_NUMBER_MODE,
        ],
    }));
    for (const code of document.querySelectorAll("code.language-rhai")) {
        code.textContent = code.textContent;
        hljs.highlightBlock(code);
    }
})();
