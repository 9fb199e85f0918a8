return { file = function() return "" end }
