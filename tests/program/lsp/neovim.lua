-- Neovim with the files of `belay-script editor neovim`, without a window: prints what it gets as lines of JSON.
local program, file = vim.env.PROGRAM, vim.env.SCRIPT
local function say(what, value)
  io.stdout:write(vim.json.encode({ what = what, value = value }) .. "\n")
end
local function wait(what, fits)
  if not vim.wait(30000, fits, 20) then
    say("missing", what)
    vim.cmd("cquit 1")
  end
end

vim.g.belay_script = { path = program }
vim.opt.runtimepath:append(vim.env.PLUGIN)
vim.cmd("filetype plugin indent on")
vim.cmd("runtime! plugin/belay_script.lua ftdetect/rhai.vim")
vim.cmd("edit " .. vim.fn.fnameescape(file))
local buffer = vim.api.nvim_get_current_buf()
local client
wait("the client", function()
  client = next(vim.lsp.buf_get_clients(buffer))
  local found = client and vim.lsp.get_client_by_id(client)
  return found ~= nil and found.initialized
end)

-- Diagnostics, which change with the text.
local function messages()
  return vim.tbl_map(function(one)
    return { one.lnum, one.col, one.end_col, one.message }
  end, vim.diagnostic.get(buffer))
end
wait("diagnostics", function()
  return #messages() > 0
end)
say("diagnostics", messages())
local last = vim.api.nvim_buf_line_count(buffer)
vim.api.nvim_buf_set_lines(buffer, last - 1, last, false, { "bench.read(1);" })
wait("a correct text", function()
  return #messages() == 0
end)

local function ask(method, line, column, more)
  local params = vim.tbl_extend("force", {
    textDocument = vim.lsp.util.make_text_document_params(buffer),
    position = { line = line, character = column },
  }, more or {})
  local found = vim.lsp.buf_request_sync(buffer, method, params, 30000)
  return found and found[client] and found[client].result
end

-- Completion, as `omnifunc` offers it.
vim.api.nvim_buf_set_lines(buffer, last - 1, last, false, { "bench." })
local items = vim.lsp.util.extract_completion_items(ask("textDocument/completion", last - 1, 6))
say("completion", vim.tbl_map(function(item)
  return item.label
end, items))
vim.api.nvim_buf_set_lines(buffer, last - 1, last, false, { "bench.read(1);" })

local hover = ask("textDocument/hover", last - 1, 7)
say("hover", vim.lsp.util.convert_input_to_markdown_lines(hover.contents))

-- The definition, by what `gd` would call.
vim.api.nvim_win_set_cursor(0, { last, 7 })
vim.lsp.buf.definition()
wait("the definition", function()
  return vim.api.nvim_win_get_cursor(0)[1] ~= last
end)
say("definition", vim.api.nvim_win_get_cursor(0))

-- A rename changes the buffer.
vim.lsp.buf.rename("measure_it")
wait("the rename", function()
  return vim.api.nvim_buf_get_lines(buffer, last - 1, last, false)[1] == "bench.measure_it(1);"
end)
say("rename", vim.api.nvim_buf_get_lines(buffer, 0, -1, false))

vim.lsp.stop_client(client)
wait("the end", function()
  return vim.lsp.get_client_by_id(client) == nil or vim.lsp.client_is_stopped(client)
end)
say("stopped", true)
vim.cmd("qall!")
