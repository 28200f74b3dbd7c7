-- Starts the language server `belay-script lsp` for .rhai scripts, and runs scripts and tests from its code lenses.
-- Made by `belay-script editor neovim`. Works from Neovim 0.7 on.
--
-- Settings, before the plugin is loaded:
--   vim.g.belay_script = { path = "belay-script", port = "sim" }
if vim.g.loaded_belay_script then
  return
end
vim.g.loaded_belay_script = true

local NAME = "belay-script"

local function settings()
  return vim.tbl_extend("force", { path = NAME, port = "" }, vim.g.belay_script or {})
end

-- The folder of the project: that of the nearest station.toml, else of the repository, else of the script.
local function root(path)
  local folder = vim.fn.fnamemodify(path, ":p:h")
  for _, mark in ipairs({ "station.toml", ".git" }) do
    local found = vim.fn.findfile(mark, folder .. ";")
    if found == "" then
      found = vim.fn.finddir(mark, folder .. ";")
    end
    if found ~= "" then
      return vim.fn.fnamemodify(found, ":p:h" .. (found:match("%.git/?$") and ":h" or ""))
    end
  end
  return folder
end

-- One server for each project; Neovim 0.8 brought vim.lsp.start, which does the same.
local clients = {}

local function start(buffer)
  local path = vim.api.nvim_buf_get_name(buffer)
  local config = { name = NAME, cmd = { settings().path, "lsp" }, root_dir = root(path) }
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  local id = clients[config.root_dir]
  if not id then
    config.on_exit = function()
      clients[config.root_dir] = nil
    end
    id = vim.lsp.start_client(config)
    clients[config.root_dir] = id
  end
  if id then
    vim.lsp.buf_attach_client(buffer, id)
  end
end

-- Runs `belay-script` in a terminal below.
local function run(arguments)
  local port = settings().port
  local command = vim.list_extend({ settings().path }, arguments)
  if port ~= "" then
    vim.list_extend(command, { "--port", port })
  end
  vim.cmd("botright 12new")
  vim.fn.termopen(command)
  vim.cmd("startinsert")
end

-- Code lenses: the server names the command, the editor runs it.
vim.lsp.commands["belay-script.run"] = function(command)
  run({ "run", vim.uri_to_fname(command.arguments[1]) })
end
vim.lsp.commands["belay-script.test"] = function(command)
  run({ "test", vim.uri_to_fname(command.arguments[1]), "-k", command.arguments[2] })
end

vim.api.nvim_create_user_command("BelayRun", function()
  run({ "run", vim.api.nvim_buf_get_name(0) })
end, { desc = "Run this script" })
vim.api.nvim_create_user_command("BelayTest", function(given)
  local choice = given.args ~= "" and { "-k", given.args } or {}
  run(vim.list_extend({ "test", vim.api.nvim_buf_get_name(0) }, choice))
end, { nargs = "?", desc = "Run the tests of this script, or those whose name contains the argument" })

local group = vim.api.nvim_create_augroup("belay_script", {})
vim.api.nvim_create_autocmd("FileType", {
  group = group,
  pattern = "rhai",
  callback = function(event)
    start(event.buf)
  end,
})
